using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace ConcertDapr.Soak;

/// <summary>Well-formed HTTP/2 with malformed gRPC in it: each must end with a status that is not OK, or be refused by HTTP.</summary>
internal sealed class GrpcContentAttack(Uri address) : IAttack, IDisposable
{
    private static readonly string[] Methods =
    [
        "dapr.proto.runtime.v1.Dapr/GetState", "dapr.proto.runtime.v1.Dapr/SaveState", "dapr.proto.runtime.v1.Dapr/TryLockAlpha1",
        "dapr.proto.runtime.v1.Dapr/PublishEvent", "dapr.proto.runtime.v1.Dapr/ExecuteStateTransaction", "TaskHubSidecarService/StartInstance",
        "TaskHubSidecarService/RaiseEvent", "TaskHubSidecarService/GetWorkItems", "TaskHubSidecarService/CompleteActivityTask",
    ];

    // A tag of wire type 7, a varint without end, a length beyond the message: none of them is a message of any type.
    private static readonly byte[][] Garbage = [[0x0f, 1, 2], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x0a, 0x7f, 1]];

    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true });

    public async Task SendAsync(Random random)
    {
        var what = random.Next(11);
        var method = Methods[random.Next(Methods.Length)];
        using var request = what switch
        {
            0 => Request(HttpMethod.Post, $"dapr.proto.runtime.v1.Dapr/None{random.Next(100)}", Framed([])),
            1 => Request(HttpMethod.Post, $"no.such.Service{random.Next(100)}/Method", Framed([])),
            2 => Request(HttpMethod.Post, method, Framed([]), "application/json"),
            3 => Request(HttpMethod.Put, method, Framed([])),
            4 => Request(HttpMethod.Post, method, Framed(new byte[10])[..random.Next(1, 14)]),
            5 => Request(HttpMethod.Post, method, [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
            6 => Request(HttpMethod.Post, method, [1, .. Framed([1, 2, 3])[1..]]),
            7 => Request(HttpMethod.Post, method, [.. Framed([]), .. Framed([])]),
            8 => Request(HttpMethod.Post, method, []),
            9 => Request(HttpMethod.Post, method, [(byte)random.Next(2, 256), .. Framed([])[1..]]),
            _ => Request(HttpMethod.Post, method, Framed(Garbage[random.Next(Garbage.Length)])),
        };
        if (what == 6 && random.Next(2) == 0) request.Headers.Add("grpc-encoding", "gzip");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            using var response = await http.SendAsync(request, patience.Token);
            await response.Content.ReadAsByteArrayAsync(patience.Token);
            var status = Header(response.TrailingHeaders) ?? Header(response.Headers);
            WrongAnswerException.Unless(status is not (null or "0"), $"gRPC {what} {method}", $"HTTP {(int)response.StatusCode}, grpc-status {status}");
        }
        catch (OperationCanceledException)
        {
            throw new WrongAnswerException($"gRPC {what} {method}: no end");
        }
    }

    public void Dispose() => http.Dispose();

    private HttpRequestMessage Request(HttpMethod verb, string method, byte[] body, string type = "application/grpc")
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return new(verb, new Uri(address, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
    }

    private static byte[] Framed(byte[] message)
    {
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static string? Header(HttpResponseHeaders headers) => headers.TryGetValues("grpc-status", out var values) ? values.First() : null;
}
