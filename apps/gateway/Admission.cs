using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Gateway;

/// <summary>Whether a caller has been admitted: the token's signature first, then the waiting room in memory. No call on the hot path.</summary>
internal sealed class Admission(QueueTokens tokens, RoomSnapshots rooms, TimeProvider clock)
{
    /// <summary>The caller's place, or why they may not pass; <c>IsOver</c>: the token was good once.</summary>
    public async ValueTask<(QueuePlace? Place, ProblemHttpResult? Refusal, bool IsOver)> CheckAsync(string? token, UserId caller)
    {
        if (string.IsNullOrEmpty(token)) return Refuse("QUEUE_TOKEN_MISSING", "A queue token is required: join the waiting room first.");
        if (tokens.Verify(token) is not { } place) return Refuse("QUEUE_TOKEN_INVALID", "The queue token is not one of ours.");
        if (place.User != caller) return Refuse("QUEUE_TOKEN_FOREIGN", "The queue token is somebody else's.");
        var now = clock.GetUtcNow();
        var status = (await rooms.GetForAsync(place, now))?.StatusOf(place, now).Status;
        return status switch
        {
            QueueStatus.Entered => (place, null, false),
            QueueStatus.Waiting => Refuse("NOT_ADMITTED", "Not admitted yet: wait for the turn."),
            _ => Refuse("QUEUE_TOKEN_EXPIRED", "The session is over: join the waiting room again.") with { IsOver = true },
        };
    }

    private static (QueuePlace?, ProblemHttpResult?, bool IsOver) Refuse(string code, string detail) =>
        (null, Problem.Of(StatusCodes.Status403Forbidden, code, detail, "Queue-Token"), false);
}
