using System.Text;
using ConcertDapr.Sidecar.Invocation;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>Service invocation, and everything that no other route takes.</summary>
internal static class InvokeRoutes
{
    public static async Task HandleAsync(ApiCall call)
    {
        var (appId, method) = Target(call);
        var path = AppPath.Of(method, appId);
        var (body, length) = Body(call, appId);
        var answer = await call.Runtime.Invoke.InvokeAsync(new InvokeCall(
            appId, Verb(call.Method), path, call.Path.Query, call.Context.Request.Headers, body, length, call.Trace), call.Aborted);
        try
        {
            using (answer) await SendAsync(call.Context, answer);
        }
        catch (AppUnreachableException e)
        {
            throw AppPath.Refused(appId, e.Message);
        }
    }

    /// <summary>Sends the app's answer on, piece by piece.</summary>
    /// <exception cref="AppUnreachableException">It broke off before anything was sent on.</exception>
    /// <exception cref="IOException">It broke off later.</exception>
    public static async Task SendAsync(HttpContext context, AppAnswer answer)
    {
        var response = answer.Response;
        context.Response.StatusCode = (int)response.StatusCode;
        InvokeHeaders.Copy(response, context.Response);
        if (context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
            context.Response.Headers.CacheControl = "no-cache";
        if (HttpMethods.IsHead(context.Request.Method) || (int)response.StatusCode is 204 or 304 or < 200) return;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        try
        {
            await PassingContent.CopyAsync(body, context.Response.Body, context.RequestAborted);
        }
        catch (IOException e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Clear();
            throw new AppUnreachableException($"the app's answer broke off: {e.Message}", e);
        }
    }

    private static HttpMethod Verb(string method) => method switch
    {
        "GET" or "POST" or "PUT" or "DELETE" or "PATCH" or "HEAD" or "OPTIONS" or "TRACE" or "CONNECT" => HttpMethod.Parse(method),
        _ => HttpMethod.Post,
    };

    /// <summary>The app id and the decoded path; a <c>dapr-app-id</c> header makes the whole path the method.</summary>
    private static (string AppId, string Method) Target(ApiCall call)
    {
        var headers = call.Context.Request.Headers;
        if (headers["dapr-app-id"].ToString() is { Length: > 0 } header) return (header, call.Path.DecodedPath(0));
        if (BasicAuth(headers.Authorization.ToString()) is { } user) return (user, call.Path.DecodedPath(0));
        if (call.Path.StartsWith("v1.0", "invoke") && call.Path[3] == "method" && (call.Path.Count > 4 || call.Path.HasTrailingSlash))
            return (call.Path.Text(2), call.Path.DecodedPath(4));
        throw new DaprError(404, "ERR_DIRECT_INVOKE", StatusCode.NotFound,
            "failed getting app id either from the URL path or the header dapr-app-id");
    }

    private static string? BasicAuth(string authorization)
    {
        if (!authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;
        var bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[6..].Trim(), bytes, out var length)) return null;
        var parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return parts.Length == 2 && parts[0] == "dapr-app-id" && parts[1].Length > 0 ? parts[1] : null;
    }

    private static (CallerBody? Body, long? Length) Body(ApiCall call, string appId)
    {
        var request = call.Context.Request;
        if (request.ContentLength is { } length)
        {
            var limit = call.Runtime.Options.MaxBodySize;
            if (length > limit)
                throw AppPath.Refused(appId, $"http: ContentLength={length} with Body length {limit}");
            return length == 0 ? (null, 0) : (new CallerBody(request), length);
        }
        var canHaveBody = call.Context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        return canHaveBody ? (new CallerBody(request), null) : (null, 0);
    }
}
