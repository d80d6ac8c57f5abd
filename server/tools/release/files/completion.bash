# Completion of temoin for bash.
_temoin() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words='{{range .}}{{.Name}} {{end}}help'
  else
    case ${COMP_WORDS[1]}:$before in
{{- range $c := .}}{{range .Flags}}{{if eq .Takes "other"}}
      {{$c.Name}}:-{{.Name}}) return ;;{{else if .Takes}}
      {{$c.Name}}:-{{.Name}}) compopt -o default; return ;;{{end}}{{end}}{{end}}
{{- range .}}
      {{.Name}}:*) words='{{range .Words}}{{.}} {{end}}{{range .Flags}}-{{.Name}} {{end}}' ;;
{{- end}}
    esac
    compopt -o default
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _temoin temoin
