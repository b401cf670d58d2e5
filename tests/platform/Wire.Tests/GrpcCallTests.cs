using ConcertDapr.Wire;
using ConcertDapr.Wire.Rpc;
using ConcertDapr.Wire.Runtime;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Tests;

public sealed class GrpcCallTests
{
    private const string Get = "/dapr.proto.runtime.v1.Dapr/GetState";
    private const string Hello = "/TaskHubSidecarService/Hello";
    private const string Items = "/TaskHubSidecarService/GetWorkItems";

    private static readonly GetStateRequest s_request = new() { StoreName = "s", Key = "k" };

    [Fact]
    public async Task A_unary_call_carries_request_answer_and_headers()
    {
        string? seen = null;
        await using var server = await RunningServer.StartAsync(s => s.Unary(Get, GetStateRequest.Parser, (request, call) =>
        {
            seen = call.Header("dapr-api-token") + call.Header("traceparent");
            return Task.FromResult(new GetStateResponse { Data = ByteString.CopyFromUtf8(request.Key), Etag = "7" });
        }));
        using var client = server.Client(o => o with { Metadata = new Dictionary<string, string> { ["dapr-api-token"] = "t" } });
        var answer = await client.UnaryAsync(Get, s_request, GetStateResponse.Parser,
            new GrpcCallOptions(Metadata: new Dictionary<string, string> { ["traceparent"] = "00-1" }));
        answer.Data.ToStringUtf8().ShouldBe("k");
        answer.Etag.ShouldBe("7");
        seen.ShouldBe("t00-1");
    }

    [Fact]
    public async Task A_large_message_crosses_in_both_directions()
    {
        await using var server = await RunningServer.StartAsync(s => s.Unary(Get, GetStateRequest.Parser,
            (request, _) => Task.FromResult(new GetStateResponse { Etag = request.Key })));
        using var client = server.Client();
        var key = new string('x', 3_000_000);
        (await client.UnaryAsync(Get, new GetStateRequest { Key = key }, GetStateResponse.Parser)).Etag.ShouldBe(key);
    }

    [Fact]
    public async Task An_error_arrives_with_code_text_and_details()
    {
        const string text = "störe 100% \"x\"\n is not found";
        await using var server = await RunningServer.StartAsync(s => s.Unary<GetStateRequest, GetStateResponse>(Get,
            GetStateRequest.Parser, (_, _) => throw GrpcFraming.Error(StatusCode.InvalidArgument, text,
                new ErrorInfo { Reason = "DAPR_STATE_NOT_FOUND", Domain = "dapr.io" })));
        using var client = server.Client();
        var error = await Should.ThrowAsync<RpcException>(() => client.UnaryAsync(Get, s_request, GetStateResponse.Parser));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        error.Status.Detail.ShouldBe(text);
        error.GetRpcStatus()!.Message.ShouldBe(text);
        error.GetDetail<ErrorInfo>()!.Reason.ShouldBe("DAPR_STATE_NOT_FOUND");
        error.GetDetail<ResourceInfo>().ShouldBeNull();
    }

    [Fact]
    public async Task A_fault_of_a_handler_is_unknown()
    {
        await using var server = await RunningServer.StartAsync(s => s.Unary<GetStateRequest, GetStateResponse>(Get,
            GetStateRequest.Parser, (_, _) => throw new InvalidOperationException("broken")));
        using var client = server.Client();
        await ShouldFail(client.UnaryAsync(Get, s_request, GetStateResponse.Parser), StatusCode.Unknown, "broken");
    }

    [Fact]
    public async Task The_callers_time_limit_ends_a_hanging_call_on_both_sides()
    {
        var (started, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await RunningServer.StartAsync(s => s.Unary<GetStateRequest, GetStateResponse>(Get,
            GetStateRequest.Parser, async (request, call) =>
            {
                if (request.Key == "warm") return new();
                using var _1 = call.Cancellation.Register(ended.SetResult);
                started.SetResult();
                await Task.Delay(Timeout.Infinite, call.Cancellation);
                return new();
            }));
        using var client = server.Client();
        // The time limit counts from the call, so the connection is there before it.
        await client.UnaryAsync(Get, new GetStateRequest { Key = "warm" }, GetStateResponse.Parser);
        var call = client.UnaryAsync(Get, s_request, GetStateResponse.Parser, new(TimeSpan.FromSeconds(1)));
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await ShouldFail(call, StatusCode.DeadlineExceeded, "Deadline Exceeded");
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Cancelling_a_call_throws_the_callers_cancellation_and_reaches_the_handler()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var server = await RunningServer.StartAsync(s => s.ServerStream<GetWorkItemsRequest, WorkItem>(Items,
            GetWorkItemsRequest.Parser, async (_, _, call) =>
            {
                using var _1 = call.Cancellation.Register(ended.SetResult);
                started.SetResult();
                await Task.Delay(Timeout.Infinite, call.Cancellation);
            }));
        using var client = server.Client();
        using var stop = new CancellationTokenSource();
        var reading = ReadAll(client.StreamAsync(Items, new GetWorkItemsRequest(), WorkItem.Parser), stop.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => reading);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_server_stream_is_open_before_its_first_item_and_delivers_items_one_by_one()
    {
        var (opened, next) = (new TaskCompletionSource(), new SemaphoreSlim(0));
        await using var server = await RunningServer.StartAsync(s => s.ServerStream<GetWorkItemsRequest, WorkItem>(Items,
            GetWorkItemsRequest.Parser, async (_, write, call) =>
            {
                opened.SetResult();
                for (var i = 0; i < 3; i++)
                {
                    await next.WaitAsync(call.Cancellation);
                    await write(new WorkItem { CompletionToken = $"{i}" });
                }
            }));
        using var client = server.Client();
        await using var items = client.StreamAsync(Items, new GetWorkItemsRequest(), WorkItem.Parser).GetAsyncEnumerator();
        var first = items.MoveNextAsync();
        await opened.Task.WaitAsync(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 3; i++)
        {
            next.Release();
            (i == 0 ? await first : await items.MoveNextAsync()).ShouldBeTrue();
            items.Current.CompletionToken.ShouldBe($"{i}");
        }
        (await items.MoveNextAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_server_stream_that_fails_after_items_throws_after_them()
    {
        await using var server = await RunningServer.StartAsync(s => s.ServerStream<GetWorkItemsRequest, WorkItem>(Items,
            GetWorkItemsRequest.Parser, async (_, write, _) =>
            {
                await write(new WorkItem());
                throw GrpcFraming.Error(StatusCode.Cancelled, "shutting down");
            }));
        using var client = server.Client();
        await using var items = client.StreamAsync(Items, new GetWorkItemsRequest(), WorkItem.Parser).GetAsyncEnumerator();
        (await items.MoveNextAsync()).ShouldBeTrue();
        (await Should.ThrowAsync<RpcException>(async () => await items.MoveNextAsync())).Status.Detail.ShouldBe("shutting down");
    }

    [Fact]
    public async Task A_duplex_method_answers_each_message()
    {
        const string path = "/dapr.proto.runtime.v1.Dapr/Echo";
        await using var server = await RunningServer.StartAsync(s => s.Duplex<GetStateRequest, GetStateResponse>(path,
            GetStateRequest.Parser, async (requests, write, _) =>
            {
                await foreach (var request in requests)
                    await write(new GetStateResponse { Etag = request.Key });
            }));
        using var client = server.Client();
        (await client.UnaryAsync(path, s_request, GetStateResponse.Parser)).Etag.ShouldBe("k");
    }

    [Theory]
    [InlineData(null, "missing api token in request metadata")]
    [InlineData("wrong", "authentication error: api token mismatch")]
    public async Task Without_the_right_token_every_method_is_refused(string? token, string reason)
    {
        await using var server = await RunningServer.StartAsync(AddHello, new GrpcServerOptions { ApiToken = "secret" });
        using var client = server.Client(o => token is null ? o : o with { Metadata = new Dictionary<string, string> { ["dapr-api-token"] = token } });
        foreach (var path in new[] { Hello, "/a.b.C/D" })
        {
            var error = await ShouldFail(client.UnaryAsync(path, new Empty(), Empty.Parser), StatusCode.Unauthenticated, "Unauthorized");
            error.GetDetail<ErrorInfo>()!.Metadata["http.error_message"].ShouldBe(reason);
        }
    }

    [Fact]
    public async Task Unknown_methods_and_services_are_unknown_not_unimplemented()
    {
        await using var server = await RunningServer.StartAsync(AddHello);
        using var client = server.Client();
        await ShouldFail(client.UnaryAsync("/TaskHubSidecarService/NoSuch", new Empty(), Empty.Parser), StatusCode.Unknown,
            "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found");
        await ShouldFail(client.UnaryAsync("/a.b.C/D", new Empty(), Empty.Parser), StatusCode.Unknown,
            "cannot proxy request: missing dapr-callee-app-id or dapr-app-id metadata");
    }

    [Fact]
    public async Task Messages_over_the_limit_are_refused_in_either_direction()
    {
        await using var server = await RunningServer.StartAsync(s => s.Unary(Get, GetStateRequest.Parser,
            (_, _) => Task.FromResult(new GetStateResponse { Etag = new string('x', 200) })), new GrpcServerOptions { MaxMessageSize = 100 });
        using var client = server.Client();
        await ShouldFail(client.UnaryAsync(Get, new GetStateRequest { Key = new string('k', 200) }, GetStateResponse.Parser),
            StatusCode.ResourceExhausted, "grpc: received message larger than max (203 vs. 100)");
        await ShouldFail(client.UnaryAsync(Get, s_request, GetStateResponse.Parser),
            StatusCode.ResourceExhausted, "grpc: trying to send message larger than max (203 vs. 100)");
        using var small = server.Client(o => o with { MaxSendMessageSize = 10 });
        await ShouldFail(Task.Run(() => small.UnaryAsync(Get, new GetStateRequest { Key = new string('k', 20) }, GetStateResponse.Parser)),
            StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size.");
    }

    [Fact]
    public async Task Nobody_listening_is_unavailable()
    {
        using var client = new GrpcClient(new GrpcClientOptions(new Uri("http://127.0.0.1:1")));
        var error = await Should.ThrowAsync<RpcException>(() => client.UnaryAsync(Hello, new Empty(), Empty.Parser));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    private static void AddHello(GrpcServer server) => server.Unary(Hello, Empty.Parser, (_, _) => Task.FromResult(new Empty()));

    private static async Task<RpcException> ShouldFail(Task call, StatusCode code, string text)
    {
        var error = await Should.ThrowAsync<RpcException>(() => call);
        error.StatusCode.ShouldBe(code);
        error.Status.Detail.ShouldBe(text);
        return error;
    }

    private static async Task ReadAll(IAsyncEnumerable<WorkItem> stream, CancellationToken token)
    {
        await foreach (var _ in stream.WithCancellation(token)) { }
    }
}
