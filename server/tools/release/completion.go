package main

import _ "embed"

var (
	//go:embed files/completion.bash
	bashText string
	//go:embed files/completion.zsh
	zshScript string
	//go:embed files/completion.fish
	fishText string
)

// completions returns what each shell reads to complete the program's commands and
// flags.
func completions(commands []command) map[string][]byte {
	return map[string][]byte{
		"bash": fill("bash", bashText, commands),
		"zsh":  fill("zsh", zshScript, commands),
		"fish": fill("fish", fishText, commands),
	}
}
