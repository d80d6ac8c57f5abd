#compdef temoin
# Completion of temoin for zsh.
_temoin() {
  local -a commands=(
{{- range .}}
    '{{.Name}}:{{zsh .Summary}}'
{{- end}}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{{- range .}}
    {{.Name}})
      _arguments{{range .Flags}} \
        '-{{.Name}}[{{zsh .Text}}]{{if .Value}}:{{zsh .Value}}:{{if eq .Takes "file"}}_files{{else if eq .Takes "folder"}}_files -/{{end}}{{end}}'{{end}} \
        '*:argument:{{if .Words}}({{range $i, $w := .Words}}{{if $i}} {{end}}{{$w}}{{end}}){{else}}_files{{end}}' ;;
{{- end}}
  esac
}
_temoin "$@"
