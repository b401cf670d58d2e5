using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.HttpOverrides;

namespace ConcertDapr.Gateway;

/// <summary>
/// Whose word on the caller's address counts. Behind an ingress every request comes from its address, and the limit per address would
/// be one for all fans together.
/// </summary>
internal static class Proxies
{
    /// <summary>Takes <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> from the networks in <c>Proxy:Trusted</c> (CIDR, comma separated), from nobody else.</summary>
    public static void AddProxies(this WebApplicationBuilder builder, Settings settings)
    {
        var trusted = Networks(settings);
        builder.Services.Configure<ForwardedHeadersOptions>(o =>
        {
            o.ForwardedHeaders = trusted.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            // As many proxies as are ours: the first address that is not ends the walk.
            o.ForwardLimit = null;
            o.KnownProxies.Clear();
            o.KnownIPNetworks.Clear();
            foreach (var network in trusted) o.KnownIPNetworks.Add(network);
        });
    }

    private static List<System.Net.IPNetwork> Networks(Settings settings) =>
        [.. settings.Text("Proxy:Trusted", "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(text => System.Net.IPNetwork.TryParse(text, out var network)
                ? network
                : throw new SettingException("Proxy:Trusted", $"holds no network such as 10.244.0.0/16: '{text}'"))];
}
