using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;

namespace ConcertDapr.Gateway;

/// <summary>What no caller may send, and what every answer carries.</summary>
internal static class EdgeRules
{
    private static readonly string[] s_trusted =
        [TrustedHeaders.UserId, TrustedHeaders.Roles, TrustedHeaders.QueueTarget, TrustedHeaders.QueueSequence];

    /// <summary>
    /// Strips headers by which a caller could steer Dapr or pose as somebody, refuses escapes that daprd decodes differently, and
    /// keeps Dapr's own endpoints to the sidecar.
    /// </summary>
    public static void UseEdgeRules(this WebApplication app) => app.Use(async (context, next) =>
    {
        AddSecurityHeaders(context.Response.Headers);
        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?', 2)[0];
        if (HasRefusedEscape(path))
        {
            await Problem.Of(400, "BAD_PATH", "The path holds an escape that is not accepted.").ExecuteAsync(context);
            return;
        }
        var fromSidecar = context.RequestServices.GetRequiredService<AppToken>().IsCarriedBy(context.Request);
        if (IsForSidecar(context.Request.Path) && !fromSidecar)
        {
            await Problem.NotFound("NOT_FOUND", "There is nothing at this address.").ExecuteAsync(context);
            return;
        }
        Strip(context.Request.Headers);
        await next(context);
    });

    internal static bool HasRefusedEscape(string path) =>
        path.Contains("%25", StringComparison.Ordinal) || path.Contains("%3f", StringComparison.OrdinalIgnoreCase)
        || path.Contains("%23", StringComparison.Ordinal) || path.Contains("%00", StringComparison.Ordinal);

    private static bool IsForSidecar(PathString path) => path.StartsWithSegments("/dapr") || path.StartsWithSegments("/events");

    private static void Strip(IHeaderDictionary headers)
    {
        foreach (var name in headers.Keys.Where(n => n.StartsWith("dapr-", StringComparison.OrdinalIgnoreCase)).ToList()) headers.Remove(name);
        foreach (var name in s_trusted) headers.Remove(name);
    }

    private static void AddSecurityHeaders(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = "default-src 'self'; frame-ancestors 'none'";
    }
}
