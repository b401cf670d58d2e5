using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>One request of the HTTP API.</summary>
internal sealed record ApiCall(HttpContext Context, SidecarRuntime Runtime, RequestPath Path, TraceContext Trace)
{
    public string Method => Context.Request.Method;

    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>Whether the verb is one of those that daprd treats alike for writes.</summary>
    public bool IsPostOrPut => HttpMethods.IsPost(Method) || HttpMethods.IsPut(Method);

    public Task<ReadOnlyMemory<byte>> ReadBodyAsync() => HttpBody.ReadAsync(Context.Request, Runtime.Options.MaxBodySize);

    public static DaprError Malformed(string message) => new(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, message);
}
