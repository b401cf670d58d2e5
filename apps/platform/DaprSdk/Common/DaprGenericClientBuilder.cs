using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Dapr.Common;

/// <summary>What builders of single-purpose clients have in common.</summary>
public abstract class DaprGenericClientBuilder<TClientBuilder>
    where TClientBuilder : class, IDaprClient
{
    protected DaprGenericClientBuilder(IConfiguration? configuration = null)
    {
        // As in the official SDK, the configuration gives only the token; addresses come from the environment.
        GrpcEndpoint = DaprDefaults.GetDefaultGrpcEndpoint();
        HttpEndpoint = DaprDefaults.GetDefaultHttpEndpoint();
        DaprApiToken = DaprDefaults.GetDefaultDaprApiToken(configuration);
    }

    public JsonSerializerOptions JsonSerializerOptions { get; private set; } = new(JsonSerializerDefaults.Web);

    public string DaprApiToken { get; private set; }

    internal string GrpcEndpoint { get; private set; }

    internal string HttpEndpoint { get; private set; }

    internal TimeSpan Timeout { get; private set; }

    public DaprGenericClientBuilder<TClientBuilder> UseHttpEndpoint(string httpEndpoint)
    {
        ArgumentException.ThrowIfNullOrEmpty(httpEndpoint);
        HttpEndpoint = httpEndpoint;
        return this;
    }

    public DaprGenericClientBuilder<TClientBuilder> UseGrpcEndpoint(string grpcEndpoint)
    {
        ArgumentException.ThrowIfNullOrEmpty(grpcEndpoint);
        GrpcEndpoint = grpcEndpoint;
        return this;
    }

    public DaprGenericClientBuilder<TClientBuilder> UseJsonSerializationOptions(JsonSerializerOptions options)
    {
        JsonSerializerOptions = options;
        return this;
    }

    public DaprGenericClientBuilder<TClientBuilder> UseDaprApiToken(string apiToken)
    {
        DaprApiToken = apiToken;
        return this;
    }

    public DaprGenericClientBuilder<TClientBuilder> UseTimeout(TimeSpan timeout)
    {
        Timeout = timeout;
        return this;
    }

    public abstract TClientBuilder Build();

    /// <exception cref="InvalidOperationException">An endpoint is neither http nor https.</exception>
    internal SidecarGrpc OpenGrpc(int? maxReceive = SidecarGrpc.DefaultMaxReceive)
    {
        SidecarAddress.Parse(HttpEndpoint, "HTTP");
        return SidecarGrpc.For(SidecarAddress.Parse(GrpcEndpoint, "gRPC"), DaprApiToken, maxReceive);
    }
}
