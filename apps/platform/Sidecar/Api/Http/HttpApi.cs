using System.Security.Cryptography;
using System.Text;
using ConcertDapr.Wire.Otlp;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>The HTTP API: token, trace, routing, errors.</summary>
internal sealed class HttpApi(SidecarRuntime runtime, ILogger log)
{
    private readonly byte[]? token = string.IsNullOrEmpty(runtime.Options.ApiToken) ? null : Encoding.UTF8.GetBytes(runtime.Options.ApiToken);

    public async Task HandleAsync(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var path = RequestPath.Parse(target);
        HeadWriter.Expect(context);
        try
        {
            await RouteAsync(context, path);
        }
        catch (DaprError e) when (!context.Response.HasStarted)
        {
            await Answers.ErrorAsync(context, e);
        }
        catch (BadEscapeException) when (!context.Response.HasStarted)
        {
            context.Response.Headers.Remove("Traceparent");
            await Answers.PlainAsync(context, 400, "400 Bad Request");
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            // The body turned out not to be HTTP, or ended before its time.
            await Answers.ErrorAsync(context, new DaprError(e.StatusCode, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, e.Message, e));
        }
        catch (Exception e) when (HasGone(context, e))
        {
            // The caller has gone; there is nobody to answer.
            context.Abort();
        }
        catch (IOException e) when (context.Response.HasStarted)
        {
            log.AnswerBrokeOff(context.Request.Method, path.Path, e.Message);
            throw new AnswerBrokeOffException(e);
        }
#pragma warning disable CA1031 // The last resort of a server: an unexpected fault is logged and becomes a 500.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.Unexpected(e, context.Request.Method, path.Path);
            if (context.Response.HasStarted) throw new AnswerBrokeOffException(e);
            await Answers.ErrorAsync(context, new DaprError(500, "ERROR", StatusCode.Unknown, e.Message));
        }
    }

    private static bool HasGone(HttpContext context, Exception e) => e is ConnectionResetException
        || (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException);

    private Task RouteAsync(HttpContext context, RequestPath path)
    {
        if (SystemRoutes.IsProbe(path))
            return SystemRoutes.TryProbe(context, runtime, path) ?? InvokeRoutes.HandleAsync(Call(context, path));
        var call = Call(context, path);
        WriteTrace(context.Response.Headers, call.Trace);
        if (!HasToken(context)) return Answers.PlainAsync(context, 401, "invalid api token\n");
        return runtime.Spans is null || call.Trace.Caller is null ? ServeAsync(call) : ServeTracedAsync(call);
    }

    // A caller that names an app by header means that app, whatever the path says (only matched routes come first).
    private static Task ServeAsync(ApiCall call) => TryRoute(call) ?? InvokeRoutes.HandleAsync(call);

    private async Task ServeTracedAsync(ApiCall call)
    {
        var (start, failed) = (runtime.Spans!.Now, true);
        try
        {
            await ServeAsync(call);
            failed = call.Context.Response.StatusCode >= 500;
        }
        finally
        {
            runtime.Spans.Add(SpanName(call), Span.Types.SpanKind.Server, call.Trace.Caller, call.Trace.Parent, start, failed);
        }
    }

    /// <summary>What is called, without keys and ids: an app's method, an actor type's method, a component.</summary>
    private static string SpanName(ApiCall call) => (call.Path[0], call.Path[1]) switch
    {
        ("v1.0", "actors") => $"CallActor/{call.Path[2]}/{(call.Path[4] == "method" ? call.Path[5] : call.Path[4])}",
        ("v1.0", "invoke") => $"CallLocal/{call.Path[2]}/{call.Path.Rest(4)}",
        ("v1.0", "publish") => $"Publish/{call.Path[3]}",
        _ when call.Context.Request.Headers["dapr-app-id"].ToString() is { Length: > 0 } app => $"CallLocal/{app}{call.Context.Request.Path}",
        var (version, block) => $"/{version}/{block}/{call.Path[2]}",
    };

    private static Task? TryRoute(ApiCall call) => (call.Path[0], call.Path[1]) switch
    {
        ("v1.0", "state") => StateRoutes.TryHandle(call),
        ("v1.0-alpha1", "state") => StateRoutes.TryHandleQuery(call),
        ("v1.0" or "v1.0-alpha1", "publish") => PublishRoutes.TryHandle(call),
        ("v1.0-alpha1", "lock" or "unlock") => LockRoutes.TryHandle(call),
        ("v1.0", "actors") => ActorRoutes.TryHandle(call),
        ("v1.0", "metadata" or "shutdown") => SystemRoutes.TryHandle(call),
        ("v1.0" or "v1.0-beta1" or "v1.0-alpha1", "workflows") => WorkflowRoutes.TryHandle(call),
        ("v1.0", "bindings") => BindingRoutes.TryHandle(call),
        _ => null,
    };

    private ApiCall Call(HttpContext context, RequestPath path) =>
        new(context, runtime, path, TraceContext.Of(context.Request.Headers, runtime.Tracing));

    private static void WriteTrace(IHeaderDictionary headers, TraceContext trace)
    {
        headers["Traceparent"] = trace.Parent;
        if (trace.State is not null) headers["Tracestate"] = trace.State;
        if (trace.Baggage is not null) headers["Baggage"] = trace.Baggage;
    }

    private bool HasToken(HttpContext context) => token is null
        || CryptographicOperations.FixedTimeEquals(token, Encoding.UTF8.GetBytes(context.Request.Headers["dapr-api-token"].ToString()));
}
