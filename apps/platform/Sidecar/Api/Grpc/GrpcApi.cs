using ConcertDapr.Sidecar.Telemetry;
using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Otlp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The gRPC API: everything that arrives on the gRPC port.</summary>
internal static class GrpcApi
{
    /// <summary>Adds the services to the branch of the gRPC port.</summary>
    /// <param name="branch">The pipeline of requests on that port (HTTP/2 without TLS).</param>
    public static void Map(IApplicationBuilder branch, SidecarRuntime runtime)
    {
        var options = new GrpcServerOptions
        {
            MaxMessageSize = (int)Math.Min(runtime.Options.MaxBodySize, int.MaxValue),
            ApiToken = runtime.Options.ApiToken,
        };
        var server = new GrpcServer(options, runtime.Loggers.CreateLogger("dapr.runtime.grpc.api"));
        server.AddDapr(runtime).AddMetadata(runtime).AddSubscribe(runtime).AddInvoke(runtime).AddMissing(runtime).AddWorkflowBeta(new WorkflowApi(runtime.Workflows)).AddTaskHub(runtime.Workflows);
        branch.Run(runtime.Spans is { } spans ? http => HandleTracedAsync(http, server, runtime, spans) : server.HandleAsync);
    }

    /// <summary>The span of a call of somebody's trace. Streams and workers' answers are nobody's.</summary>
    private static async Task HandleTracedAsync(HttpContext http, GrpcServer server, SidecarRuntime runtime, SpanExporter spans)
    {
        var path = http.Request.Path.Value!;
        var trace = TraceContext.Of(http.Request.Headers.TraceParent.ToString(), null, null, runtime.Tracing);
        if (trace.Caller is null || !path.StartsWith(DaprService.Path(""), StringComparison.Ordinal))
        {
            await server.HandleAsync(http);
            return;
        }
        http.Features.Set(trace);
        var start = spans.Now;
        await server.HandleAsync(http);
        var failed = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers["grpc-status"].ToString() != "0";
        spans.Add(path[1..], Span.Types.SpanKind.Server, trace.Caller, trace.Parent, start, failed);
    }
}
