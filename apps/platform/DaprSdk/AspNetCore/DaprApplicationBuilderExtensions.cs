using Dapr;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Unwraps event envelopes before endpoints read them.</summary>
public static class DaprApplicationBuilderExtensions
{
    public static IApplicationBuilder UseCloudEvents(this IApplicationBuilder builder) =>
        builder.UseCloudEvents(new CloudEventsMiddlewareOptions());

    public static IApplicationBuilder UseCloudEvents(
        this IApplicationBuilder builder, CloudEventsMiddlewareOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseMiddleware<CloudEventsMiddleware>(options);
    }
}
