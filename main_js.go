// Command temoin in the browser: draws the cookie banner. The server of the
// same name is main.go.
package main

import (
	"fmt"
	"os"

	"temoin/app"
)

func main() {
	if err := app.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "temoin:", err)
		os.Exit(1)
	}
}
