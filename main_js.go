// Command temoin in the browser: draws the cookie banner. The server of the
// same name is main.go.
package main

import "temoin.example/temoin/app"

func main() {
	if err := app.Run(); err != nil {
		println("temoin:", err.Error()) // on the console; fmt and os would weigh a fourth of the whole
	}
}
