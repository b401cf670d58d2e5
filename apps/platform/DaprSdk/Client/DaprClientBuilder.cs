using System.Text.Json;

namespace Dapr.Client;

/// <summary>Builds a <see cref="DaprClient"/>; addresses and token come from the environment unless set.</summary>
public sealed class DaprClientBuilder
{
    internal string GrpcEndpoint { get; private set; } = DaprDefaults.GetDefaultGrpcEndpoint();

    internal string HttpEndpoint { get; private set; } = DaprDefaults.GetDefaultHttpEndpoint();

    internal JsonSerializerOptions JsonSerializerOptions { get; private set; } = new(JsonSerializerDefaults.Web);

    internal string DaprApiToken { get; private set; } = DaprDefaults.GetDefaultDaprApiToken(null);

    internal TimeSpan Timeout { get; private set; }

    public DaprClientBuilder UseHttpEndpoint(string httpEndpoint)
    {
        ArgumentException.ThrowIfNullOrEmpty(httpEndpoint);
        HttpEndpoint = httpEndpoint;
        return this;
    }

    public DaprClientBuilder UseGrpcEndpoint(string grpcEndpoint)
    {
        ArgumentException.ThrowIfNullOrEmpty(grpcEndpoint);
        GrpcEndpoint = grpcEndpoint;
        return this;
    }

    public DaprClientBuilder UseJsonSerializationOptions(JsonSerializerOptions options)
    {
        JsonSerializerOptions = options;
        return this;
    }

    public DaprClientBuilder UseDaprApiToken(string apiToken)
    {
        DaprApiToken = apiToken;
        return this;
    }

    /// <summary>Limits HTTP calls (health, invocation); gRPC calls have no deadline but their cancellation token's.</summary>
    public DaprClientBuilder UseTimeout(TimeSpan timeout)
    {
        Timeout = timeout;
        return this;
    }

    /// <exception cref="InvalidOperationException">An endpoint is neither http nor https.</exception>
    public DaprClient Build()
    {
        var grpc = SidecarGrpc.For(SidecarAddress.Parse(GrpcEndpoint, "gRPC"), DaprApiToken);
        var endpoint = SidecarAddress.Parse(HttpEndpoint, "HTTP");
        var http = new HttpClient();
        if (Timeout > TimeSpan.Zero)
            http.Timeout = Timeout;
        return new DaprGrpcClient(grpc, http, endpoint, JsonSerializerOptions, DaprApiToken);
    }
}
