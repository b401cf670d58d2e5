using System.Security.Claims;
using System.Threading.RateLimiting;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Gateway;

/// <summary>Requests per second, per account and per address; a burst of twice that is let through.</summary>
internal static class RateLimits
{
    public static void AddRateLimits(this WebApplicationBuilder builder, Settings settings)
    {
        var perUser = settings.Number("Limits:UserPerSecond", 50, 1, 1_000_000);
        var perAddress = settings.Number("Limits:AddressPerSecond", 500, 1, 1_000_000);
        builder.Services.AddRateLimiter(limits =>
        {
            limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limits.OnRejected = (context, _) =>
            {
                context.HttpContext.Response.Headers.RetryAfter = "1";
                return ValueTask.CompletedTask;
            };
            limits.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                PartitionedRateLimiter.Create<HttpContext, string>(context => Bucket(UserKey(context), perUser)),
                PartitionedRateLimiter.Create<HttpContext, string>(context => Bucket(context.Connection.RemoteIpAddress?.ToString(), perAddress)));
        });
    }

    private static string? UserKey(HttpContext context) => context.User.FindFirstValue(ClaimTypes.NameIdentifier);

    private static RateLimitPartition<string> Bucket(string? key, int perSecond) => key is null
        ? RateLimitPartition.GetNoLimiter("")
        : RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = perSecond * 2,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        });
}
