using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace ConcertDapr.Charts;

// The members of Dapr 1.18's resources that we use, and no others: what is not here is misspelt or unheard of.
#pragma warning disable CA1812 // made by the deserializer

internal sealed class ObjectMeta
{
    public required string Name { get; set; }
    public Dictionary<string, string>? Labels { get; set; }
    public Dictionary<string, string>? Annotations { get; set; }
}

internal sealed class SecretKey
{
    public required string Name { get; set; }
    public required string Key { get; set; }
}

internal sealed class MetadataItem
{
    public required string Name { get; set; }
    public string? Value { get; set; }
    public string? EnvRef { get; set; }
    public SecretKey? SecretKeyRef { get; set; }
}

internal sealed class ComponentSpec
{
    public required string Type { get; set; }
    public required string Version { get; set; }
    public required List<MetadataItem> Metadata { get; set; }
}

internal sealed class Component
{
    public required string ApiVersion { get; set; }
    public required string Kind { get; set; }
    public required ObjectMeta Metadata { get; set; }
    public required ComponentSpec Spec { get; set; }
    public List<string> Scopes { get; set; } = [];

    public string? Value(string name) => Spec.Metadata.Find(m => m.Name == name)?.Value;
}

internal sealed class Routes
{
    public required string Default { get; set; }
}

internal sealed class SubscriptionSpec
{
    public required string Pubsubname { get; set; }
    public required string Topic { get; set; }
    public required Routes Routes { get; set; }
    public string? DeadLetterTopic { get; set; }
}

internal sealed class Subscription
{
    public required string ApiVersion { get; set; }
    public required string Kind { get; set; }
    public required ObjectMeta Metadata { get; set; }
    public required SubscriptionSpec Spec { get; set; }
    public required List<string> Scopes { get; set; }
}

internal sealed class Retry
{
    public required string Policy { get; set; }
    public string? Duration { get; set; }
    public string? MaxInterval { get; set; }
    public required int MaxRetries { get; set; }
}

internal sealed class Policies
{
    public Dictionary<string, string> Timeouts { get; set; } = [];
    public Dictionary<string, Retry> Retries { get; set; } = [];
}

internal sealed class PolicyNames
{
    public string? Timeout { get; set; }
    public string? Retry { get; set; }
    public string? CircuitBreaker { get; set; }
}

internal sealed class ComponentTarget
{
    public PolicyNames? Inbound { get; set; }
    public PolicyNames? Outbound { get; set; }
}

internal sealed class Targets
{
    public Dictionary<string, ComponentTarget> Components { get; set; } = [];
}

internal sealed class ResiliencySpec
{
    public required Policies Policies { get; set; }
    public required Targets Targets { get; set; }
}

internal sealed class Resiliency
{
    public required string ApiVersion { get; set; }
    public required string Kind { get; set; }
    public required ObjectMeta Metadata { get; set; }
    public required ResiliencySpec Spec { get; set; }
}

internal sealed class Otel
{
    public required string EndpointAddress { get; set; }
    public required string Protocol { get; set; }
    public required bool IsSecure { get; set; }
}

internal sealed class Tracing
{
    public required string SamplingRate { get; set; }
    public Otel? Otel { get; set; }
}

internal sealed class Metrics
{
    public required bool Enabled { get; set; }
}

internal sealed class Retention
{
    public required string AnyTerminal { get; set; }
}

internal sealed class WorkflowSettings
{
    public required Retention StateRetentionPolicy { get; set; }
}

internal sealed class Operation
{
    public required string Name { get; set; }
    public required List<string> HttpVerb { get; set; }
    public required string Action { get; set; }
}

internal sealed class AppPolicy
{
    public required string AppId { get; set; }
    public required string DefaultAction { get; set; }
    public required string TrustDomain { get; set; }
    public required string Namespace { get; set; }
    public required List<Operation> Operations { get; set; }
}

internal sealed class AccessControl
{
    public required string DefaultAction { get; set; }
    public required string TrustDomain { get; set; }
    public required List<AppPolicy> Policies { get; set; }
}

internal sealed class ConfigurationSpec
{
    public required Tracing Tracing { get; set; }
    public Metrics? Metrics { get; set; }
    public WorkflowSettings? Workflow { get; set; }
    public AccessControl? AccessControl { get; set; }
}

internal sealed class Configuration
{
    public required string ApiVersion { get; set; }
    public required string Kind { get; set; }
    public required ObjectMeta Metadata { get; set; }
    public required ConfigurationSpec Spec { get; set; }
}

#pragma warning restore CA1812

/// <summary>Reads Dapr's resources strictly: a required member that is missing and one that is unknown are both errors.</summary>
internal static class DaprResources
{
    private static readonly Dictionary<(string, string), Type> s_types = new()
    {
        [("dapr.io/v1alpha1", "Component")] = typeof(Component),
        [("dapr.io/v2alpha1", "Subscription")] = typeof(Subscription),
        [("dapr.io/v1alpha1", "Resiliency")] = typeof(Resiliency),
        [("dapr.io/v1alpha1", "Configuration")] = typeof(Configuration),
    };

    private static readonly IDeserializer s_strict = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance)
        .WithEnforceRequiredMembers().WithDuplicateKeyChecking().Build();

    /// <summary>What is wrong with a resource, or null.</summary>
    public static string? ProblemOf(Manifest manifest)
    {
        if (!s_types.TryGetValue((manifest.ApiVersion, manifest.Kind), out var type)) return $"{manifest.ApiVersion} {manifest.Kind} is no resource of Dapr";
        try
        {
            s_strict.Deserialize(manifest.Yaml, type);
            return null;
        }
        catch (YamlException e)
        {
            return $"{manifest}: {e.InnerException?.Message ?? e.Message}";
        }
    }

    /// <summary>All resources of a type.</summary>
    public static IReadOnlyList<T> Of<T>(IEnumerable<Manifest> manifests) =>
        [.. manifests.Where(m => s_types.GetValueOrDefault((m.ApiVersion, m.Kind)) == typeof(T)).Select(m => s_strict.Deserialize<T>(m.Yaml))];
}
