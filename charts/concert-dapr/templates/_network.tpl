{{- define "concert.dnsEgress" -}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .Values.networkPolicy.dnsNamespace }}}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{/* To a server at its ports: where the operator says it is, or anywhere. */}}
{{- define "concert.serverEgress" -}}
- ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "concert.kafkaPorts" -}}
{{- $ports := list -}}
{{- range splitList "," .Values.pubsub.kafka.brokers -}}
{{- $ports = append $ports (splitList ":" . | last | int) -}}
{{- end -}}
{{- toYaml (uniq $ports) -}}
{{- end -}}

{{/* The port of an http address. */}}
{{- define "concert.portOf" -}}
{{- $url := urlParse . -}}
{{- if contains ":" $url.host -}}{{ splitList ":" $url.host | last }}{{- else -}}{{ ternary 443 80 (eq $url.scheme "https") }}{{- end -}}
{{- end -}}
