using System.Net;
using System.Security.Claims;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Gateway;

/// <summary>
/// Passes a request to a service over Dapr invocation and its answer back, bodies streamed. Route values travel in the query,
/// for paths of internal calls carry no ids. What the caller said of themselves is replaced by what the gateway knows.
/// </summary>
internal sealed class Forwarder(AppClients apps, Shutdown shutdown)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private static readonly HashSet<string> s_notForwarded = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Authorization", "Cookie", "Expect", "Content-Length", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "traceparent", "tracestate", "Queue-Token",
    };

    /// <summary>Sends the request on and copies the answer.</summary>
    /// <param name="context">The request.</param>
    /// <param name="app">The target's Dapr app id.</param>
    /// <param name="path">The path there.</param>
    /// <param name="place">The caller's admitted place, where the route needs one.</param>
    /// <param name="streams">The answer has no end of its own; it is passed on as it comes, without a time-out.</param>
    public async Task ForwardAsync(HttpContext context, string app, string path, QueuePlace? place = null, bool streams = false)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, streams ? shutdown.Closing : CancellationToken.None);
        if (!streams) timeout.CancelAfter(s_timeout);
        using var request = Request(context, path, place);
        try
        {
            using var response = await apps.SendAsync(app, request, place, context.Request.Headers["Queue-Token"], timeout.Token);
            if (IsSidecarFault(response)) await Unreachable(context);
            else await CopyAsync(response, context.Response, timeout.Token);
        }
        catch (OperationCanceledException) when (streams && shutdown.Closing.IsCancellationRequested)
        {
            // The follower opens the stream again, at another replica.
        }
    }

    private static HttpRequestMessage Request(HttpContext context, string path, QueuePlace? place)
    {
        var incoming = context.Request;
        var request = new HttpRequestMessage(HttpMethod.Parse(MethodFor(incoming)), new Uri(path + Query(incoming), UriKind.Relative));
        if (incoming.ContentLength > 0 || incoming.Headers.TransferEncoding.Count > 0)
        {
            request.Content = new StreamContent(incoming.Body);
            request.Content.Headers.ContentLength = incoming.ContentLength;
        }
        foreach (var (name, values) in incoming.Headers.Where(h => !s_notForwarded.Contains(h.Key)))
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        if (incoming.Headers.TryGetValue("Queue-Token", out var token)) request.Headers.TryAddWithoutValidation("Queue-Token", (string?)token);
        Vouch(request, context.User, place);
        return request;
    }

    private static void Vouch(HttpRequestMessage request, ClaimsPrincipal user, QueuePlace? place)
    {
        if (user.Identity?.IsAuthenticated != true) return;
        request.Vouch(Identity.UserOf(user), place);
        request.Headers.Add(TrustedHeaders.Roles, string.Join(',', user.FindAll(ClaimTypes.Role).Select(c => c.Value)));
    }

    // DELETE routes end in POST endpoints, which take the same route values from the query.
    private static string MethodFor(HttpRequest incoming) => HttpMethods.IsDelete(incoming.Method) ? "POST" : incoming.Method;

    private static string Query(HttpRequest incoming)
    {
        var fromRoute = QueryString.Create(incoming.RouteValues.Select(v => KeyValuePair.Create(v.Key, new StringValues(v.Value?.ToString()))));
        return incoming.QueryString.HasValue ? fromRoute.Add(incoming.QueryString).Value! : fromRoute.Value ?? "";
    }

    // The services' own errors are problem+json; plain JSON with a 5xx comes from a sidecar that could not reach its app.
    private static bool IsSidecarFault(HttpResponseMessage response) =>
        response.StatusCode >= HttpStatusCode.InternalServerError && response.Content.Headers.ContentType?.MediaType == "application/json";

    private static Task Unreachable(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problem.Of(503, "UNAVAILABLE", "A part of the system cannot answer right now; try again.").ExecuteAsync(context);
    }

    private static async Task CopyAsync(HttpResponseMessage from, HttpResponse to, CancellationToken cancellationToken)
    {
        to.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.Concat(from.Content.Headers).Where(h => IsPassedBack(h.Key))) to.Headers[name] = values.ToArray();
        await using var body = await from.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[8192];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await to.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            await to.Body.FlushAsync(cancellationToken);
        }
    }

    private static bool IsPassedBack(string header) => header is "Content-Type" or "Content-Length" or "Content-Encoding" or "ETag" or "Cache-Control" or "Location"
        or "Retry-After" or "Vary" or "Last-Modified";
}
