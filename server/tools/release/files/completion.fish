# Completion of temoin for fish.
complete -c temoin -n __fish_use_subcommand -f
{{- range $c := .}}
complete -c temoin -n __fish_use_subcommand -a {{.Name}} -d '{{fish .Summary}}'
{{- range .Words}}
complete -c temoin -n '__fish_seen_subcommand_from {{$c.Name}}' -f -a {{.}}
{{- end}}
{{- range .Flags}}
complete -c temoin -n '__fish_seen_subcommand_from {{$c.Name}}' -o {{.Name}}{{if .Value}} -r{{if eq .Takes "other"}} -f{{end}}{{end}} -d '{{fish .Text}}'
{{- end}}
{{- end}}
