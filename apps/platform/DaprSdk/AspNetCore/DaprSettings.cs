using Dapr.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.AspNetCore;

/// <summary>Brings addresses and token from the app's configuration into a client builder.</summary>
internal static class DaprSettings
{
    public static void Apply(IServiceProvider provider, DaprClientBuilder builder)
    {
        var configuration = provider.GetService<IConfiguration>();
        builder.UseHttpEndpoint(DaprDefaults.GetDefaultHttpEndpoint(configuration));
        builder.UseGrpcEndpoint(DaprDefaults.GetDefaultGrpcEndpoint(configuration));
        var token = DaprDefaults.GetDefaultDaprApiToken(configuration);
        if (!string.IsNullOrWhiteSpace(token))
            builder.UseDaprApiToken(token);
    }
}
