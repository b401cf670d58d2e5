using System.Globalization;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>What holds between pods and Dapr's resources, and among these: names meet, events cannot get lost, callers are known.</summary>
internal static class DaprRules
{
    private const string DeadLetter = "dead-letter";

    /// <summary>The apps whose replicas share actors or workflows.</summary>
    public static IReadOnlyList<string> Hosts { get; } = ["queue", "reservation", "payment"];

    public static IEnumerable<string> Of(RenderedChart chart) =>
        [.. chart.Deployments.SelectMany(d => OfAnnotations(chart, d)), .. OfComponents(chart), .. OfSubscriptions(chart), .. OfScopes(chart), .. OfResiliency(chart), .. OfAccess(chart), .. OfKafka(chart)];

    private static HashSet<string> AppsOf(RenderedChart chart) => [.. chart.Deployments.Select(d => Annotation(d, "app-id"))];

    private static string Annotation(Manifest deployment, string name) => Map(deployment.Pod!["metadata"]?["annotations"]).GetValueOrDefault($"dapr.io/{name}", "");

    private static IEnumerable<string> OfAnnotations(RenderedChart chart, Manifest deployment)
    {
        var container = Items(deployment.Pod!["spec"]!["containers"]).First();
        var port = Text(Items(container["ports"]).First()["containerPort"]);
        if (Annotation(deployment, "enabled") != "true") yield return $"{deployment} gets no sidecar";
        if (Annotation(deployment, "app-id") != deployment.Name) yield return $"{deployment} has another app id: '{Annotation(deployment, "app-id")}'";
        if (Annotation(deployment, "app-port") != port) yield return $"{deployment}: its sidecar calls port {Annotation(deployment, "app-port")}, the container has {port}";
        if (PodRules.Environment(deployment).GetValueOrDefault("APP_PORT") != port) yield return $"{deployment} listens elsewhere than at {port}";
        if (chart.Configurations.All(c => c.Metadata.Name != Annotation(deployment, "config"))) yield return $"{deployment}: there is no Configuration {Annotation(deployment, "config")}";
        foreach (var name in new[] { "api-token-secret", "app-token-secret" })
            if (!Secrets.Has(chart, Annotation(deployment, name), "token")) yield return $"{deployment}: nobody makes the Secret of its {name}";
    }

    private static IEnumerable<string> OfComponents(RenderedChart chart)
    {
        var apps = AppsOf(chart);
        if (chart.Components.Count(c => c.Value("actorStateStore") == "true") != 1) yield return "there is not exactly one state store for actors and workflows";
        foreach (var component in chart.Components)
        {
            foreach (var app in component.Scopes.Where(a => !apps.Contains(a))) yield return $"Component {component.Metadata.Name} is for app {app}, which is not there";
            if (component.Scopes.Count == 0) yield return $"Component {component.Metadata.Name} is open to every app";
            foreach (var secret in component.Spec.Metadata.Select(m => m.SecretKeyRef).OfType<SecretKey>())
                if (!Secrets.Has(chart, secret.Name, secret.Key)) yield return $"Component {component.Metadata.Name} reads key {secret.Key} of Secret {secret.Name}, which nobody makes";
        }
        foreach (var host in Hosts.Where(h => !chart.Components.Single(c => c.Value("actorStateStore") == "true").Scopes.Contains(h))) yield return $"{host} hosts actors or workflows without a store";
    }

    private static IEnumerable<string> OfSubscriptions(RenderedChart chart)
    {
        var apps = AppsOf(chart);
        foreach (var group in chart.Subscriptions.GroupBy(s => (s.Spec.Topic, string.Join(",", s.Scopes))).Where(g => g.Count() > 1)) yield return $"{group.Key.Item2} subscribes to {group.Key.Topic} twice";
        foreach (var subscription in chart.Subscriptions)
        {
            var name = $"Subscription {subscription.Metadata.Name}";
            var pubsub = chart.Components.FirstOrDefault(c => c.Metadata.Name == subscription.Spec.Pubsubname && c.Spec.Type.StartsWith("pubsub.", StringComparison.Ordinal));
            if (pubsub is null) yield return $"{name} is on {subscription.Spec.Pubsubname}, which is no pub/sub component";
            foreach (var app in subscription.Scopes)
            {
                if (!apps.Contains(app)) yield return $"{name} is for app {app}, which is not there";
                else if (pubsub?.Scopes.Contains(app) == false) yield return $"{name} is for app {app}, which may not use {pubsub.Metadata.Name}";
            }
            if (subscription.Spec.Topic == DeadLetter ? subscription.Spec.DeadLetterTopic is not null : subscription.Spec.DeadLetterTopic != DeadLetter)
                yield return $"{name}: what cannot be delivered must go to {DeadLetter}";
        }
        if (chart.Subscriptions.All(s => s.Spec.Topic != DeadLetter)) yield return $"nobody reads {DeadLetter}";
    }

    // The component's own lists of who publishes and subscribes agree with the subscriptions.
    private static IEnumerable<string> OfScopes(RenderedChart chart)
    {
        var pubsub = chart.Components.Single(c => c.Metadata.Name == "pubsub");
        var publishing = Scopes(pubsub.Value("publishingScopes"));
        var subscribing = Scopes(pubsub.Value("subscriptionScopes"));
        foreach (var app in pubsub.Scopes.Where(a => !publishing.ContainsKey(a) || !subscribing.ContainsKey(a))) yield return $"{app} may publish and subscribe to anything";
        foreach (var subscription in chart.Subscriptions)
            foreach (var app in subscription.Scopes)
            {
                if (subscribing.GetValueOrDefault(app)?.Contains(subscription.Spec.Topic) != true) yield return $"{app} subscribes to {subscription.Spec.Topic}, which its scope refuses";
                if (subscription.Spec.DeadLetterTopic is { } letters && publishing.GetValueOrDefault(app)?.Contains(letters) != true) yield return $"{app} may not publish its dead letters";
                if (publishing.Values.All(topics => !topics.Contains(subscription.Spec.Topic))) yield return $"{app} subscribes to {subscription.Spec.Topic}, which nobody publishes";
            }
        if (pubsub.Spec.Type == "pubsub.redis" && Number(pubsub, "poolSize") <= subscribing.Values.Max(t => t.Count) + Number(pubsub, "concurrency"))
            yield return "the pub/sub component's poolSize leaves no connection to publish on";
    }

    private static IEnumerable<string> OfResiliency(RenderedChart chart)
    {
        foreach (var (_, spec) in chart.Resiliencies.Select(r => (r, r.Spec)))
            foreach (var (name, target) in spec.Targets.Components)
            {
                if (chart.Components.All(c => c.Metadata.Name != name)) yield return $"resiliency is for component {name}, which is not there";
                foreach (var policy in new[] { target.Inbound, target.Outbound }.OfType<PolicyNames>())
                {
                    if (policy.Retry is { } retry && !spec.Policies.Retries.ContainsKey(retry)) yield return $"resiliency names retry {retry}, which is not there";
                    if (policy.Timeout is { } timeout && !spec.Policies.Timeouts.ContainsKey(timeout)) yield return $"resiliency names timeout {timeout}, which is not there";
                    if (policy.CircuitBreaker is not null) yield return "a circuit breaker in front of a subscriber loses messages";
                }
            }
        if (chart.Resiliencies.Count(r => r.Spec.Targets.Components.GetValueOrDefault("pubsub")?.Inbound?.Retry is not null) != 1) yield return "events that fail are not tried again";
    }

    private static IEnumerable<string> OfAccess(RenderedChart chart)
    {
        var apps = AppsOf(chart);
        foreach (var configuration in chart.Configurations)
        {
            var name = $"Configuration {configuration.Metadata.Name}";
            if (configuration.Spec.AccessControl is not { DefaultAction: "deny" } access)
            {
                yield return $"{name} lets everybody call";
                continue;
            }
            foreach (var policy in access.Policies)
            {
                if (!apps.Contains(policy.AppId)) yield return $"{name} knows caller {policy.AppId}, which is not there";
                if (policy.DefaultAction != "deny") yield return $"{name} lets {policy.AppId} call anything";
                if (policy.TrustDomain != access.TrustDomain || policy.Namespace != Helm.Namespace) yield return $"{name}: {policy.AppId} is looked for in another trust domain or namespace";
                foreach (var (a, b) in policy.Operations.SelectMany(a => policy.Operations.Select(b => (a.Name, b.Name))).Where(p => p.Item2.StartsWith(p.Item1 + "/", StringComparison.Ordinal)))
                    yield return $"{name}: Dapr would judge calls of {b} by the rule for {a}";
            }
        }
    }

    private static IEnumerable<string> OfKafka(RenderedChart chart)
    {
        if (chart.Components.Single(c => c.Metadata.Name == "pubsub") is not { Spec.Type: "pubsub.kafka" } kafka) yield break;
        if (kafka.Value("initialOffset") != "oldest") yield return "Kafka would not deliver events from before the first subscription";
        if (kafka.Value("authType") is null) yield return "Kafka's component does not start without authType";
        var job = chart.OfKind("Job").FirstOrDefault(j => j.Name == "kafka-topics");
        var script = job is null ? "" : string.Join('\n', Texts(Items(job.Pod!["spec"]!["containers"]).First()["args"]));
        foreach (var topic in chart.Subscriptions.Select(s => s.Spec.Topic).Distinct().Where(t => !script.Contains($" {t}", StringComparison.Ordinal)))
            yield return $"nobody makes Kafka's topic {topic}";
    }

    /// <summary><c>app1=topic1,topic2;app2=</c> as a table.</summary>
    internal static Dictionary<string, HashSet<string>> Scopes(string? text) =>
        (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2))
            .ToDictionary(p => p[0], p => p[1].Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet());

    private static int Number(Component component, string name) => int.Parse(component.Value(name) ?? "0", CultureInfo.InvariantCulture);
}
