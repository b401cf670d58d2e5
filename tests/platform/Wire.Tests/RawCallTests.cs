using System.IO.Compression;
using System.Net;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Rpc;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Tests;

/// <summary>What the server sends, byte by byte and header by header, as a foreign gRPC client meets it.</summary>
public sealed class RawCallTests
{
    private const string Path = "/dapr.proto.runtime.v1.Dapr/GetState";

    // StoreName "statestore", Key "h"
    private static readonly byte[] s_getState = Convert.FromBase64String("AAAAAA8KCnN0YXRlc3RvcmUSAWg=");

    private static Task<RunningServer> StartAsync() => RunningServer.StartAsync(s => s.Unary(Path, GetStateRequest.Parser,
        (request, _) => request.StoreName == "statestore"
            ? Task.FromResult(new GetStateResponse { Data = ByteString.CopyFromUtf8("1"), Etag = "1" })
            : throw GrpcFraming.Error(StatusCode.InvalidArgument, $"state store {request.StoreName} is not found",
                new ErrorInfo { Reason = "DAPR_STATE_NOT_FOUND", Domain = "dapr.io" })));

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    public async Task The_answer_is_one_frame_and_trailers_and_echoes_the_content_type(string contentType)
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, s_getState, contentType);
        answer.Status.ShouldBe(200);
        answer.ContentType.ShouldBe(contentType);
        Convert.ToBase64String(answer.Body).ShouldBe("AAAAAAYKATESATE=");
        answer.Trailers["grpc-status"].ShouldBe("0");
    }

    [Fact]
    public async Task An_error_of_a_handler_is_in_the_trailers_with_details_in_unpadded_base64()
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, Convert.FromBase64String("AAAAAAwKB25vc3RvcmUSAWg="));
        answer.Body.ShouldBeEmpty();
        answer.Trailers["grpc-status"].ShouldBe("3");
        answer.Trailers["grpc-message"].ShouldBe("state store nostore is not found");
        answer.Trailers["grpc-status-details-bin"].ShouldBe("CAMSIHN0YXRlIHN0b3JlIG5vc3RvcmUgaXMgbm90IGZvdW5kGksKKHR5cGUuZ29vZ2xlYXBp"
            + "cy5jb20vZ29vZ2xlLnJwYy5FcnJvckluZm8SHwoUREFQUl9TVEFURV9OT1RfRk9VTkQSB2RhcHIuaW8");
    }

    [Fact]
    public async Task The_text_of_an_error_is_percent_encoded_utf8()
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, Convert.FromBase64String("AAAAABUKEHN0w7ZyZSAxMDAlICJ4IgoSAWg="));
        answer.Trailers["grpc-message"].ShouldBe("state store st%C3%B6re 100%25 \"x\"%0A is not found");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("")]
    public async Task Another_content_type_is_415(string contentType)
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, s_getState, contentType);
        answer.Status.ShouldBe(415);
        answer.ContentType.ShouldBe("application/grpc");
        answer.Headers["grpc-status"].ShouldBe("3");
        answer.Headers["grpc-message"].ShouldBe($"invalid gRPC request content-type \"{contentType}\"");
    }

    [Fact]
    public async Task Get_is_405()
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, null, "", HttpMethod.Get);
        answer.Status.ShouldBe(405);
        answer.Headers["grpc-status"].ShouldBe("13");
    }

    [Fact]
    public async Task A_request_without_message_is_EOF()
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, []);
        answer.Headers["grpc-status"].ShouldBe("2");
        answer.Headers["grpc-message"].ShouldBe("EOF");
    }

    [Fact]
    public async Task A_truncated_message_is_an_internal_error()
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, [.. s_getState.AsSpan(0, 4), 14, .. s_getState.AsSpan(5, 14)]);
        answer.Trailers["grpc-status"].ShouldBe("13");
        answer.Trailers["grpc-message"].ShouldStartWith("grpc: error unmarshalling request: ");
    }

    [Fact]
    public async Task A_gzip_request_is_answered_with_gzip()
    {
        await using var server = await StartAsync();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(s_getState.AsSpan(5));
        var answer = await SendAsync(server, [1, 0, 0, 0, (byte)packed.Length, .. packed.ToArray()], gzip: true);
        answer.Headers["grpc-encoding"].ShouldBe("gzip");
        answer.Body[0].ShouldBe((byte)1);
        using var plain = new MemoryStream();
        using var inflate = new GZipStream(new MemoryStream(answer.Body[5..]), CompressionMode.Decompress);
        inflate.CopyTo(plain);
        GetStateResponse.Parser.ParseFrom(plain.ToArray()).Etag.ShouldBe("1");
    }

    [Fact]
    public async Task A_message_that_is_not_gzip_although_it_says_so_is_an_internal_error()
    {
        await using var server = await StartAsync();
        var answer = await SendAsync(server, [1, 0, 0, 0, 12, 0x1f, 0x8b, 7, .. "not gzip!"u8], gzip: true);
        answer.Trailers["grpc-status"].ShouldBe("13");
        answer.Trailers["grpc-message"].ShouldStartWith("grpc: failed to decompress the received message: ");
    }

    [Fact]
    public async Task A_call_whose_time_is_up_is_reset_without_trailers()
    {
        await using var server = await RunningServer.StartAsync(s => s.Unary<GetStateRequest, GetStateResponse>(Path,
            GetStateRequest.Parser, async (_, call) => { await Task.Delay(Timeout.Infinite, call.Cancellation); return new(); }));
        var error = await Should.ThrowAsync<HttpRequestException>(() => SendAsync(server, s_getState, timeout: "100m"));
        error.InnerException.ShouldBeOfType<HttpProtocolException>().ErrorCode.ShouldBe(8);
    }

    private sealed record Answer(int Status, string? ContentType, byte[] Body,
        Dictionary<string, string> Headers, Dictionary<string, string> Trailers);

    private static async Task<Answer> SendAsync(RunningServer server, byte[]? body, string contentType = "application/grpc",
        HttpMethod? method = null, bool gzip = false, string? timeout = null)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, new Uri(server.Address, Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body is null ? null : new ByteArrayContent(body),
        };
        if (contentType.Length > 0)
            request.Content!.Headers.TryAddWithoutValidation("content-type", contentType);
        if (gzip)
            request.Headers.TryAddWithoutValidation("grpc-encoding", "gzip");
        if (timeout is not null)
            request.Headers.TryAddWithoutValidation("grpc-timeout", timeout);
        using var response = await http.SendAsync(request, CancellationToken.None);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new((int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), bytes,
            response.Headers.ToDictionary(h => h.Key, h => h.Value.Single()),
            response.TrailingHeaders.ToDictionary(h => h.Key, h => h.Value.Single()));
    }
}
