using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.ServiceDefaults;

/// <summary>A part without which the service should get no traffic.</summary>
public interface IReadiness
{
    /// <summary>Null when ready, else why not, in a few words.</summary>
    ValueTask<string?> WhyNotAsync();
}

internal static class Readiness
{
    public static async Task<Results<Ok, ProblemHttpResult>> CheckAsync(IEnumerable<IReadiness> parts)
    {
        foreach (var part in parts)
            if (await part.WhyNotAsync() is { } reason)
                return Problem.Of(StatusCodes.Status503ServiceUnavailable, "NOT_READY", reason);
        return TypedResults.Ok();
    }
}
