using Dapr.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the Dapr client beside MVC.</summary>
public static class DaprMvcBuilderExtensions
{
    public static IMvcBuilder AddDapr(this IMvcBuilder builder, Action<DaprClientBuilder>? configureClient = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddDaprClient(configureClient);
        return builder;
    }
}
