{{/* What the templates have in common. An app here is files/apps.yaml's facts with the operator's choices merged over the defaults. */}}

{{/* All apps: name → facts and choices. Use: fromYaml (include "concert.apps" .) */}}
{{- define "concert.apps" -}}
{{- $facts := .Files.Get "files/apps.yaml" | fromYaml -}}
{{- $apps := dict -}}
{{- range $name, $fact := $facts -}}
{{- $choice := mergeOverwrite (deepCopy $.Values.apps.defaults) (deepCopy (get $.Values.apps $name)) -}}
{{- $_ := set $apps $name (mergeOverwrite (dict "database" false "state" false "events" false "hosts" false "calls" dict) $fact $choice) -}}
{{- end -}}
{{- toYaml $apps -}}
{{- end -}}

{{- define "concert.image" -}}
{{- $image := .root.Values.image -}}
{{ $image.registry }}/{{ $image.repository }}/{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* Labels that select an app's pods: they never change. */}}
{{- define "concert.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "concert.labels" -}}
{{ include "concert.selector" . }}
app.kubernetes.io/part-of: concert-dapr
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "concert.secret" -}}
valueFrom:
  secretKeyRef:
    name: {{ .name }}
    key: {{ .key }}
{{- end -}}

{{/* An app's environment, for its Deployment and its migration. Needs root, name, app, migrate. */}}
{{- define "concert.env" -}}
{{- $v := .root.Values -}}
- name: APP_PORT
  value: {{ .app.port | quote }}
- name: Listen__Address
  value: 0.0.0.0
- name: Logging__Json
  value: "true"
{{- if .app.warmUpSeconds }}
- name: WarmUp__Seconds
  value: {{ .app.warmUpSeconds | quote }}
{{- end }}
- name: Shutdown__DrainSeconds
  value: {{ .app.drainSeconds | quote }}
- name: Shutdown__Seconds
  value: {{ .app.finishSeconds | quote }}
- name: APP_API_TOKEN
  {{- include "concert.secret" (dict "name" (printf "%s-app-token" $v.secrets.name) "key" "token") | nindent 2 }}
- name: DAPR_API_TOKEN
  {{- include "concert.secret" (dict "name" (printf "%s-api-token" $v.secrets.name) "key" "token") | nindent 2 }}
{{- if .app.database }}
- name: Postgres__Host
  value: {{ $v.postgres.host | quote }}
- name: Postgres__Port
  value: {{ $v.postgres.port | quote }}
- name: Postgres__User
  value: {{ $v.postgres.user | quote }}
- name: Postgres__Password
  {{- include "concert.secret" (dict "name" $v.secrets.name "key" "postgres-password") | nindent 2 }}
- name: Postgres__SslMode
  value: {{ $v.postgres.sslMode }}
- name: Postgres__PoolSize
  value: {{ .app.poolSize | quote }}
- name: Postgres__Create
  value: {{ and .migrate $v.postgres.createDatabases | quote }}
- name: Postgres__Migrate
  value: {{ .migrate | quote }}
{{- end }}
{{- if has .name (list "gateway" "queue") }}
- name: QueueToken__Keys
  {{- include "concert.secret" (dict "name" $v.secrets.name "key" "queue-token-keys") | nindent 2 }}
{{- end }}
{{- if eq .name "gateway" }}
- name: Auth__TestUsers
  value: {{ $v.auth.testUsers | quote }}
- name: Compat__Enabled
  value: {{ $v.compat.enabled | quote }}
{{- end }}
{{- if has .name (list "catalog" "users") }}
- name: Demo__Seed
  value: {{ and $v.demo.seed (not .migrate) | quote }}
{{- end }}
{{- if and $v.telemetry.otlpEndpoint (not .migrate) }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ $v.telemetry.otlpEndpoint | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ $v.telemetry.samplingRate | quote }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.namespace=$(NAMESPACE),service.instance.id=$(POD_NAME),k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(NAMESPACE)
{{- end }}
{{- range $name, $value := .app.settings }}
- name: {{ $name }}
  value: {{ include "concert.scalar" $value | quote }}
{{- end }}
{{- end -}}

{{/* What every container of ours is held to. */}}
{{- define "concert.containerSecurity" -}}
runAsNonRoot: true
runAsUser: 1654
runAsGroup: 1654
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "concert.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "concert.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* A setting's value as text: whole numbers without an exponent. */}}
{{- define "concert.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}
