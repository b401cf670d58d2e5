namespace ConcertDapr.Charts;

/// <summary>Mistakes that people make, each of which has to be noticed before a cluster sees it.</summary>
public sealed class BrokenChartTests
{
    /// <summary>Wrong values: helm refuses them, by the schema or by templates/limits.yaml.</summary>
    [Theory]
    [InlineData("a placeholder for an address", "postgres.host", "postgres.host=CHANGE_ME")]
    [InlineData("a variable nobody replaced", "redis.address", "redis.address=${REDIS_HOST}:6379")]
    [InlineData("a placeholder for a secret", "secrets.values.appToken", "secrets.values.appToken=<your-app-token>")]
    [InlineData("a placeholder for the registry", "image.registry", "image.registry=your-registry")]
    [InlineData("an unknown key", "replica", "apps.gateway.replica=2")]
    [InlineData("an unknown section", "postgress", "postgress.host=db")]
    [InlineData("a misspelt setting", "Queue__Capasity", "apps.queue.settings.Queue__Capasity=10")]
    [InlineData("another app's setting", "Queue__Capacity", "apps.payment.settings.Queue__Capacity=10")]
    [InlineData("a setting out of bounds", "maximum", "apps.reservation.settings.Reservation__MaxSeats=65")]
    [InlineData("a text for a number", "replicas", "apps.defaults.replicas=two")]
    [InlineData("no CPU that Kubernetes knows", "cpu", "apps.gateway.resources.requests.cpu=half")]
    [InlineData("an address without a port", "redis.address", "redis.address=redis")]
    [InlineData("a kind of pub/sub there is not", "pubsub.kind", "pubsub.kind=rabbitmq")]
    [InlineData("TLS to a Kafka that does not authenticate", "tls", "pubsub.kind=kafka", "pubsub.kafka.tls=true")]
    [InlineData("an ingress without a host", "ingress.host", "ingress.enabled=true")]
    [InlineData("secrets in values that are too short", "minLength", "secrets.create=true", "secrets.values.appToken=short")]
    [InlineData("test users in production", "testUsers", "production=true", "postgres.sslMode=Require", "auth.testUsers=true")]
    [InlineData("earlier clients' paths in production", "compat", "production=true", "postgres.sslMode=Require", "compat.enabled=true")]
    [InlineData("secrets in values in production", "secrets.create", "production=true", "postgres.sslMode=Require", "secrets.create=true")]
    [InlineData("databases without TLS in production", "sslMode", "production=true")]
    [InlineData("fewer replicas at most than at least", "apps.users.autoscaling", "apps.users.autoscaling.minReplicas=9")]
    [InlineData("more database connections than there are", "postgres.maxConnections", "apps.payment.poolSize=100")]
    [InlineData("an app that ends before its sidecar", "drainSeconds", "apps.queue.drainSeconds=10")]
    [InlineData("no time to end", "terminationGraceSeconds", "apps.queue.terminationGraceSeconds=20")]
    public async Task Wrong_values_are_refused_by_name(string mistake, string named, params string[] sets)
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], sets);

        var refusal = chart.Refusal.ShouldNotBeNull(mistake);
        refusal.Replace("/", ".", StringComparison.Ordinal).ShouldContain(named);
    }

    /// <summary>Mistakes in the chart itself: types, Dapr's resources or the rules between objects tell.</summary>
    [Theory]
    [InlineData("a misspelt member", "readinesProbe", "templates/deployments.yaml", "          readinessProbe:", "          readinesProbe:")]
    [InlineData("a missing member", "required property scaleTargetRef", "templates/autoscalers.yaml", "  scaleTargetRef:", "  scaleTarget:")]
    [InlineData("an API version that is gone", "autoscaling/v2beta2", "templates/autoscalers.yaml", "apiVersion: autoscaling/v2", "apiVersion: autoscaling/v2beta2")]
    [InlineData("a number where a text belongs", "app-port must be string", "templates/deployments.yaml", "dapr.io/app-port: {{ $app.port | quote }}", "dapr.io/app-port: {{ $app.port }}")]
    [InlineData("pods that their deployment does not select", "does not select its own pods", "templates/_apps.tpl", "{{ include \"concert.selector\" . }}\napp.kubernetes.io/part-of", "app.kubernetes.io/part-of")]
    [InlineData("a service that leads nowhere", "Service gateway selects the pods of 0", "templates/gateway.yaml", "    {{- include \"concert.selector\" $ctx | nindent 4 }}\n  ports:", "    app: gateway\n  ports:")]
    [InlineData("a service port without a container's", "leads to port web", "templates/gateway.yaml", "targetPort: http", "targetPort: web")]
    [InlineData("an autoscaler of nothing", "which is not there", "templates/autoscalers.yaml", "    name: {{ $name }}\n  minReplicas", "    name: {{ $name }}-app\n  minReplicas")]
    [InlineData("a probe at a port there is not", "asks port web", "templates/deployments.yaml", "httpGet: {path: /readyz, port: http}", "httpGet: {path: /readyz, port: web}")]
    [InlineData("a sidecar that calls another port", "its sidecar calls port", "templates/deployments.yaml", "dapr.io/app-port: {{ $app.port | quote }}", "dapr.io/app-port: \"80\"")]
    [InlineData("a Configuration there is not", "there is no Configuration", "templates/deployments.yaml", "dapr.io/config: {{ $name }}", "dapr.io/config: concert")]
    [InlineData("a Secret nobody makes", "which nobody makes", "templates/_apps.tpl", "\"key\" \"queue-token-keys\"", "\"key\" \"queue-keys\"")]
    [InlineData("a token Secret nobody makes", "nobody makes the Secret of its app-token-secret", "templates/deployments.yaml", "dapr.io/app-token-secret: {{ $root.Values.secrets.name }}-app-token", "dapr.io/app-token-secret: app-token")]
    [InlineData("a writable image", "may write to its image", "templates/_apps.tpl", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")]
    [InlineData("a container that runs as root", "may run as root", "templates/_apps.tpl", "runAsNonRoot: true\nrunAsUser", "runAsUser")]
    [InlineData("a volume there is not", "mounts volume tmp", "templates/deployments.yaml", "        - name: tmp\n          emptyDir:", "        - name: temp\n          emptyDir:")]
    [InlineData("a caller the network does not let through", "NetworkPolicy users: its sidecar may not be called by that of gateway", "templates/network-policies.yaml", "if or (hasKey $o.calls $name)", "if or (and (hasKey $o.calls $name) (ne $other \"gateway\"))")]
    [InlineData("a member that Subscriptions do not have", "deadLetter", "templates/dapr/subscriptions.yaml", "deadLetterTopic: dead-letter", "deadLetter: dead-letter")]
    [InlineData("a subscription that loses what fails", "must go to dead-letter", "templates/dapr/subscriptions.yaml", "  {{- if ne $topic \"dead-letter\" }}", "  {{- if eq $topic \"payment.failed\" }}")]
    [InlineData("a subscriber that may not use the component", "may not use pubsub", "files/apps.yaml", "notification:\n  port: 8086\n  database: true\n  events: true", "notification:\n  port: 8086\n  database: true")]
    [InlineData("a topic nobody publishes", "which nobody publishes", "files/topics.yaml", "publishers: [queue]", "publishers: []")]
    [InlineData("rules of which Dapr sees only the first", "would judge calls of /points/history by the rule for /points", "files/apps.yaml", "/points/balance: [GET]", "/points: [GET]")]
    [InlineData("a caller that is no app", "knows caller gate", "templates/dapr/configurations.yaml", "- appId: {{ $caller }}", "- appId: {{ trunc 4 $caller }}")]
    [InlineData("access for everybody", "lets everybody call", "templates/dapr/configurations.yaml", "  accessControl:\n    defaultAction: deny", "  accessControl:\n    defaultAction: allow")]
    [InlineData("a retry policy there is not", "names retry event", "templates/dapr/resiliency.yaml", "          retry: events", "          retry: event")]
    [InlineData("actors without a store", "hosts actors or workflows without a store", "files/apps.yaml", "payment:\n  port: 8084\n  database: true\n  state: true", "payment:\n  port: 8084\n  database: true")]
    [InlineData("a limit below the request", "more than its limit", "values.yaml", "      limits: {cpu: \"1\", memory: 384Mi}", "      limits: {cpu: \"1\", memory: 128Mi}")]
    [InlineData("a placeholder left in a template", "is a placeholder", "templates/migrations.yaml", "args: [migrate]", "args: [migrate, \"<database>\"]")]
    public async Task A_mistake_in_the_chart_is_found(string mistake, string found, string file, string text, string instead)
    {
        using var broken = BrokenChart.With(file, text, instead);

        var problems = await (await RenderedChart.RenderAsync(broken.Path, [], [])).ProblemsAsync();

        problems.ShouldContain(p => p.Contains(found, StringComparison.Ordinal), $"{mistake}:\n{string.Join('\n', problems)}");
    }

    /// <summary>A copy of the chart with one mistake in it.</summary>
    private sealed class BrokenChart(string path) : IDisposable
    {
        public string Path { get; } = path;

        public static BrokenChart With(string file, string text, string instead)
        {
            var copy = Directory.CreateTempSubdirectory("chart-").FullName;
            foreach (var original in Directory.EnumerateFiles(Helm.Chart, "*", SearchOption.AllDirectories))
            {
                var target = System.IO.Path.Combine(copy, System.IO.Path.GetRelativePath(Helm.Chart, original));
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
                File.Copy(original, target);
            }
            var changed = System.IO.Path.Combine(copy, file);
            var before = File.ReadAllText(changed);
            before.ShouldContain(text, customMessage: "the mistake is about text that is gone");
            File.WriteAllText(changed, before.Replace(text, instead, StringComparison.Ordinal));
            return new(copy);
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
