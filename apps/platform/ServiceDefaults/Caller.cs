using System.Security.Cryptography;
using System.Text;
using ConcertDapr.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.ServiceDefaults;

/// <summary>The token by which a sidecar proves to its app that a call came through it (<c>APP_API_TOKEN</c>).</summary>
public sealed class AppToken(string value)
{
    private readonly byte[] _value = Encoding.UTF8.GetBytes(value);

    /// <summary>Whether a request carries the token, compared in constant time.</summary>
    public bool IsCarriedBy(HttpRequest request) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers["dapr-api-token"].ToString()), _value);
}

/// <summary>The fan on whose behalf the gateway calls, as it vouched for them.</summary>
/// <param name="User">The account.</param>
public readonly record struct Caller(UserId User)
{
    /// <summary>Binds from the gateway's header; without it the request is 401.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) =>
        UserId.TryParse(context.Request.Headers[TrustedHeaders.UserId], out var user)
            ? ValueTask.FromResult(new Caller(user))
            : throw new BadHttpRequestException("This address needs an authenticated caller.", StatusCodes.Status401Unauthorized);
}

/// <summary>An optional <c>Idempotency-Key</c> header: 1 to 200 visible ASCII characters.</summary>
/// <param name="Value">The key, or null where none was sent.</param>
public readonly record struct IdempotencyKey(string? Value)
{
    /// <summary>Binds from the header; a malformed key is 400.</summary>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context)
    {
        var header = context.Request.Headers["Idempotency-Key"];
        if (header.Count == 0) return ValueTask.FromResult(new IdempotencyKey(null));
        var key = header.ToString();
        return key.Length is >= 1 and <= 200 && key.All(c => c is > ' ' and <= '~')
            ? ValueTask.FromResult(new IdempotencyKey(key))
            : throw new BadHttpRequestException("Failed to bind parameter \"string Idempotency-Key\" from header.");
    }
}

/// <summary>Where the gateway found the caller admitted.</summary>
/// <param name="Target">The waiting room, null where the route needs none.</param>
/// <param name="Sequence">The place in it.</param>
public readonly record struct AdmittedPlace(ConcertId? Target, long Sequence)
{
    /// <summary>Whether the caller may buy for a concert.</summary>
    public bool Admits(ConcertId concert) => Target == concert || Target == ConcertId.House;

    /// <summary>Binds from the gateway's headers.</summary>
    public static ValueTask<AdmittedPlace> BindAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var place = ConcertId.TryParse(headers[TrustedHeaders.QueueTarget], out var target)
            && long.TryParse(headers[TrustedHeaders.QueueSequence], out var sequence)
            ? new AdmittedPlace(target, sequence)
            : new AdmittedPlace(null, 0);
        return ValueTask.FromResult(place);
    }
}

/// <summary>Who may reach a service.</summary>
public static class CallerPolicies
{
    /// <summary>Refuses every request without the sidecar's token, but for probes and Dapr's own discovery.</summary>
    public static void UseSidecarOnly(this WebApplication app) => app.Use(async (context, next) =>
    {
        var token = (AppToken)context.RequestServices.GetService(typeof(AppToken))!;
        if (IsOpen(context.Request.Path) || token.IsCarriedBy(context.Request)) await next(context);
        else await Problem.Of(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED", "Only this app's sidecar may call here.").ExecuteAsync(context);
    });

    private static bool IsOpen(PathString path) => path.Value is "/livez" or "/readyz" or "/healthz";
}
