using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Wire = ConcertDapr.Wire.Runtime;

namespace Dapr.Client;

/// <summary>State, publish, lock and metadata over gRPC; health and invocation over HTTP.</summary>
internal sealed partial class DaprGrpcClient(
    SidecarGrpc grpc, HttpClient http, Uri httpEndpoint, JsonSerializerOptions json, string? token) : DaprClient
{
    private const string Service = "/dapr.proto.runtime.v1.Dapr/";
    private const string TokenHeader = "dapr-api-token";

    public override JsonSerializerOptions JsonSerializerOptions => json;

    public override async Task<DaprMetadata> GetMetadataAsync(CancellationToken cancellationToken = default)
    {
        var answer = await CallAsync(
            "Get metadata", "GetMetadata", new Wire.GetMetadataRequest(), Wire.GetMetadataResponse.Parser, cancellationToken);
        return new DaprMetadata(
            answer.Id,
            [.. (answer.ActorRuntime?.ActiveActors ?? []).Select(a => new DaprActorMetadata(a.Type, a.Count))],
            new Dictionary<string, string>(answer.ExtendedMetadata),
            [.. answer.RegisteredComponents.Select(c =>
                new DaprComponentsMetadata(c.Name, c.Type, c.Version, [.. c.Capabilities]))]);
    }

    public override Task SetMetadataAsync(
        string attributeName, string attributeValue, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(attributeName);
        var request = new Wire.SetMetadataRequest { Key = attributeName, Value = attributeValue };
        return CallAsync("Set metadata", "SetMetadata", request, Empty.Parser, cancellationToken);
    }

    /// <exception cref="RpcException">The sidecar refused: unlike elsewhere the official SDK does not wrap this one.</exception>
    public override Task ShutdownSidecarAsync(CancellationToken cancellationToken = default) =>
        grpc.CallAsync(Service + "Shutdown", new Wire.ShutdownRequest(), Empty.Parser, cancellationToken);

    public override Task<bool> CheckHealthAsync(CancellationToken cancellationToken = default) =>
        ProbeAsync("/v1.0/healthz", cancellationToken);

    public override Task<bool> CheckOutboundHealthAsync(CancellationToken cancellationToken = default) =>
        ProbeAsync("/v1.0/healthz/outbound", cancellationToken);

    public override async Task WaitForSidecarAsync(CancellationToken cancellationToken = default)
    {
        while (!await CheckOutboundHealthAsync(cancellationToken))
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            http.Dispose();
        base.Dispose(disposing);
    }

    private async Task<bool> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(httpEndpoint, path));
        AddToken(request);
        try
        {
            using var response = await http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // A sidecar that cannot be reached is not healthy: that is the answer, not a fault.
            return false;
        }
    }

    private void AddToken(HttpRequestMessage request)
    {
        if (!string.IsNullOrWhiteSpace(token))
            request.Headers.TryAddWithoutValidation(TokenHeader, token);
    }

    private async Task<TResponse> CallAsync<TResponse>(
        string what, string method, IMessage request, MessageParser<TResponse> parser, CancellationToken cancellationToken,
        SidecarGrpc? channel = null)
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            return await (channel ?? grpc).CallAsync(Service + method, request, parser, cancellationToken);
        }
        catch (RpcException e)
        {
            throw new DaprException(
                $"{what} operation failed: the Dapr endpoint indicated a failure. See InnerException for details.", e);
        }
    }

    private ByteString ToJson<T>(T value) =>
        UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(value, json));

    private T? FromJson<T>(ByteString data) => data.IsEmpty ? default : JsonSerializer.Deserialize<T>(data.Span, json);

    private static void Copy(IEnumerable<KeyValuePair<string, string>>? from, MapField<string, string> to)
    {
        if (from is null)
            return;
        foreach (var (name, value) in from)
            to.Add(name, value);
    }
}
