using ConcertDapr.Wire;
using ConcertDapr.Wire.Rpc;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Verb = ConcertDapr.Wire.Runtime.HTTPExtension.Types.Verb;

namespace ConcertDapr.Tests.GrpcApi;

/// <summary>Apps, bindings and what there is none of, called over gRPC.</summary>
public sealed class InvokeServiceTests
{
    [Fact]
    public async Task An_app_is_called_with_verb_path_query_and_body()
    {
        await using var app = (await TestApp.StartAsync()).On("POST /orders/5", async (context, _) =>
        {
            context.Response.StatusCode = 201;
            context.Response.ContentType = "text/csv";
            await context.Response.WriteAsync("made");
        });
        await using var t = await GrpcSidecar.StartAsync(app.Port);
        var answer = await InvokeAsync(t, "app", "orders/5", Verb.Post, "a=1&b=2", "{}");
        (answer.Data.Value.ToStringUtf8(), answer.ContentType).ShouldBe(("made", "text/csv"));
        var seen = app.Seen[^1];
        (seen.Path, seen.Body, seen.Headers["Content-Type"]).ShouldBe(("/orders/5?a=1&b=2", "{}", "application/json"));
    }

    [Theory]
    [InlineData(404, StatusCode.NotFound, "Not Found")]
    [InlineData(409, StatusCode.AlreadyExists, "Conflict")]
    [InlineData(400, StatusCode.Internal, "Bad Request")]
    [InlineData(500, StatusCode.Unknown, "Internal Server Error")]
    [InlineData(503, StatusCode.Unavailable, "Service Unavailable")]
    public async Task The_apps_status_becomes_one_of_gRPC(int http, StatusCode code, string reason)
    {
        await using var app = (await TestApp.StartAsync()).On("GET /m", http, "why");
        await using var t = await GrpcSidecar.StartAsync(app.Port);
        var error = await GrpcSidecar.ShouldFailAsync(InvokeAsync(t, "app", "m", Verb.Get), code);
        error.Status.Detail.ShouldBe(reason);
        var details = error.GetDetail<ErrorInfo>()!;
        (details.Metadata["http.code"], details.Metadata["http.error_message"]).ShouldBe(($"{http}", "why"));
    }

    [Theory]
    [InlineData("nobody", "m", Verb.Get, "failed to invoke, id: nobody, err: no host found with the given ID")]
    [InlineData("app", "m", Verb.None, "failed to invoke, id: app, err: rpc error: code = InvalidArgument desc = invalid HTTP verb")]
    [InlineData("app", "m", Verb.Connect, "failed to invoke, id: app, err: rpc error: code = InvalidArgument desc = invalid HTTP verb")]
    public async Task What_cannot_be_called_is_refused(string app, string method, Verb verb, string message)
    {
        await using var t = await GrpcSidecar.StartAsync();
        (await GrpcSidecar.ShouldFailAsync(InvokeAsync(t, app, method, verb), StatusCode.Internal)).Status.Detail.ShouldBe(message);
    }

    [Fact]
    public async Task Kinds_of_components_that_there_are_none_of_are_refused()
    {
        await using var t = await GrpcSidecar.StartAsync();
        (await GrpcSidecar.ShouldFailAsync(t.DaprAsync("GetSecret", new GetSecretRequest { StoreName = "s", Key = "k" }, Empty.Parser), StatusCode.FailedPrecondition))
            .Status.Detail.ShouldBe("secret store is not configured");
        (await GrpcSidecar.ShouldFailAsync(t.DaprAsync("GetConfiguration", new StoreRequest { StoreName = "s" }, Empty.Parser), StatusCode.FailedPrecondition))
            .GetDetail<ErrorInfo>()!.Reason.ShouldBe("ERR_CONFIGURATION_STORE_NOT_CONFIGURED");
        (await GrpcSidecar.ShouldFailAsync(t.DaprAsync("InvokeBinding", new InvokeBindingRequest { Name = "b", Operation = "create" }, InvokeBindingResponse.Parser), StatusCode.Internal))
            .Status.Detail.ShouldBe("error invoking output binding b: couldn't find output binding b");
        (await GrpcSidecar.ShouldFailAsync(t.DaprAsync("QueryStateAlpha1", new QueryStateRequest { StoreName = "memory" }, Empty.Parser), StatusCode.Internal))
            .GetDetail<ErrorInfo>()!.Reason.ShouldBe("DAPR_STATE_QUERYING_NOT_SUPPORTED");
    }

    private static Task<InvokeResponse> InvokeAsync(GrpcSidecar t, string app, string method, Verb verb, string query = "", string body = "") =>
        t.DaprAsync("InvokeService", new InvokeServiceRequest
        {
            Id = app,
            Message = new()
            {
                Method = method, ContentType = body.Length > 0 ? "application/json" : "", HttpExtension = new() { Verb = verb, Querystring = query },
                Data = body.Length > 0 ? new Any { Value = ByteString.CopyFromUtf8(body) } : null,
            },
        }, InvokeResponse.Parser);
}
