package server_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"temoin.example/temoin/server"
)

// A site that is written in Go serves its banner itself. Its pages then carry
// <script src="/temoin/temoin.js"></script>.
func ExampleNew() {
	banner, err := server.New(server.Config{Catalogue: "demo/catalogue.yaml"})
	if err != nil {
		log.Fatal(err)
	}
	defer banner.Close()
	http.Handle("/temoin/", banner)

	site := httptest.NewServer(nil) // or http.ListenAndServe
	defer site.Close()
	for _, path := range []string{"/temoin/temoin.js", "/temoin/charte-cookies"} {
		answer, err := http.Get(site.URL + path)
		if err != nil {
			log.Fatal(err)
		}
		answer.Body.Close()
		fmt.Println(path, answer.Status, answer.Header.Get("Content-Type"))
	}
	// Output:
	// /temoin/temoin.js 200 OK text/javascript; charset=utf-8
	// /temoin/charte-cookies 200 OK text/html; charset=utf-8
}
