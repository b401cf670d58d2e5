{{/* A hash of every Dapr resource: a change of one rolls the pods. */}}
{{- define "concert.daprChecksum" -}}
{{- $text := "" -}}
{{- range list "components" "configurations" "resiliency" "subscriptions" -}}
{{- $text = print $text (include (print $.Template.BasePath "/dapr/" . ".yaml") $) -}}
{{- end -}}
{{- sha256sum $text | trunc 16 -}}
{{- end -}}

{{/* Names of the apps with a property, as a YAML list. Needs root and has. */}}
{{- define "concert.appsWith" -}}
{{- $names := list -}}
{{- range $name, $app := fromYaml (include "concert.apps" .root) -}}
{{- if get $app $.has -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}

{{/* app1=topic1,topic2;app2= for every app with events: who may publish (has: publishers) or subscribe (has: subscribers). */}}
{{- define "concert.topicScopes" -}}
{{- $scopes := list -}}
{{- $topics := .root.Files.Get "files/topics.yaml" | fromYaml -}}
{{- range $app := fromYamlArray (include "concert.appsWith" (dict "root" .root "has" "events")) -}}
{{- $mine := list -}}
{{- range $topic, $t := $topics -}}
{{- $who := get $t $.has -}}
{{- if kindIs "map" $who -}}{{- $who = keys $who -}}{{- end -}}
{{- if has $app $who -}}
{{- $mine = append $mine $topic -}}
{{- end -}}
{{- end -}}
{{- $scopes = append $scopes (printf "%s=%s" $app (join "," $mine)) -}}
{{- end -}}
{{- join ";" $scopes -}}
{{- end -}}

{{/* How components reach Redis. */}}
{{- define "concert.redis" -}}
- name: redisHost
  value: {{ .Values.redis.address | quote }}
{{- with .Values.redis.username }}
- name: redisUsername
  value: {{ . | quote }}
{{- end }}
{{- if .Values.redis.password }}
- name: redisPassword
  secretKeyRef:
    name: {{ .Values.secrets.name }}
    key: redis-password
{{- end }}
{{- if .Values.redis.tls }}
- name: enableTLS
  value: "true"
{{- end }}
{{- end -}}
