using System.Buffers.Binary;
using System.Net;
using System.Threading.Channels;
using ConcertDapr.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Tests.GrpcApi;

/// <summary>A call with a stream in each direction, which the project's own client has no use for.</summary>
internal sealed class DuplexCall<TRequest, TResponse> : IAsyncDisposable
    where TRequest : IMessage where TResponse : IMessage<TResponse>, new()
{
    private readonly HttpClient http = new();
    private readonly Channel<TRequest> requests = Channel.CreateUnbounded<TRequest>();
    private readonly CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
    private readonly Task<HttpResponseMessage> opening;
    private Stream? body;

    public DuplexCall(int port, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}{path}") 
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new Frames(requests.Reader),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        opening = http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
    }

    public void Send(TRequest request) => requests.Writer.TryWrite(request);

    /// <summary>Closes this side; the server may still answer.</summary>
    public void Finish() => requests.Writer.TryComplete();

    /// <summary>The next answer.</summary>
    /// <exception cref="RpcException">The call ended.</exception>
    public async Task<TResponse> NextAsync()
    {
        var response = await opening;
        body ??= await response.Content.ReadAsStreamAsync(patience.Token);
        var head = new byte[5];
        if (await body.ReadAtLeastAsync(head, 5, throwOnEndOfStream: false, patience.Token) < 5) throw Ended(response);
        var message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await body.ReadExactlyAsync(message, patience.Token);
        var answer = new TResponse();
        answer.MergeFrom(message);
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        Finish();
        await patience.CancelAsync();
        http.Dispose();
        patience.Dispose();
    }

    private static RpcException Ended(HttpResponseMessage response)
    {
        var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var text = headers.TryGetValues("grpc-message", out var message) ? GrpcFraming.DecodeMessage(message.First()) : "";
        return new RpcException(new Status((StatusCode)int.Parse(headers.GetValues("grpc-status").First(), System.Globalization.CultureInfo.InvariantCulture), text));
    }

    private sealed class Frames(ChannelReader<TRequest> requests) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await foreach (var request in requests.ReadAllAsync())
            {
                var frame = new byte[5 + request.CalculateSize()];
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
                request.WriteTo(frame.AsSpan(5));
                await stream.WriteAsync(frame);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
