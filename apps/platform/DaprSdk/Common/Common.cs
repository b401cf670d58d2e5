using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Common;

/// <summary>A client of the sidecar.</summary>
public interface IDaprClient : IDisposable;

/// <summary>What registration methods of the SDK return.</summary>
public interface IDaprServiceBuilder
{
    IServiceCollection Services { get; }
}

/// <summary>The connected runtime lacks a feature.</summary>
public sealed class DaprFeatureNotAvailableException(string featureName, string[] checkedVariants)
    : DaprException($"The '{featureName}' feature is not available on the connected Dapr runtime. "
                    + $"Checked for: {string.Join(", ", checkedVariants)}.")
{
    public string FeatureName { get; } = featureName;

    public IReadOnlyList<string> CheckedVariants { get; } = checkedVariants;
}
