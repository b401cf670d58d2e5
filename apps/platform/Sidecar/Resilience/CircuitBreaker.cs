namespace ConcertDapr.Sidecar.Resilience;

/// <summary>What a breaker counted since it last changed or its interval began.</summary>
internal readonly record struct BreakerCounts(
    long Requests, long TotalSuccesses, long TotalFailures, long ConsecutiveSuccesses, long ConsecutiveFailures);

/// <param name="MaxRequests">Trial calls while half open, and successes that close it.</param>
/// <param name="Interval">After which a closed breaker forgets its counts; zero is never.</param>
/// <param name="Timeout">How long it stays open.</param>
/// <param name="Trips">Whether these counts open it.</param>
internal sealed record BreakerPolicy(int MaxRequests, TimeSpan Interval, TimeSpan Timeout, Func<BreakerCounts, bool> Trips);

/// <summary>The breaker is open: the call was not made.</summary>
internal sealed class CircuitOpenException(string message = "circuit breaker is open") : Exception(message);

/// <summary>Closed, open, half open: calls are refused for a while after too many failures.</summary>
internal sealed class CircuitBreaker(BreakerPolicy policy, TimeProvider clock)
{
    private enum State { Closed, Open, HalfOpen }

    private readonly Lock gate = new();
    private State state = State.Closed;
    private BreakerCounts counts;
    private long generation;
    private DateTimeOffset? until = policy.Interval > TimeSpan.Zero ? clock.GetUtcNow() + policy.Interval : null;

    public async Task<T> RunAsync<T>(Func<Task<T>> call)
    {
        var started = Begin();
        try
        {
            var result = await call();
            End(started, success: true);
            return result;
        }
        catch
        {
            End(started, success: false);
            throw;
        }
    }

    private long Begin()
    {
        lock (gate)
        {
            Advance();
            if (state == State.Open) throw new CircuitOpenException();
            if (state == State.HalfOpen && counts.Requests >= policy.MaxRequests) throw new CircuitOpenException("too many requests");
            counts = counts with { Requests = counts.Requests + 1 };
            return generation;
        }
    }

    private void End(long started, bool success)
    {
        lock (gate)
        {
            Advance();
            if (started != generation) return;
            counts = success
                ? counts with { TotalSuccesses = counts.TotalSuccesses + 1, ConsecutiveSuccesses = counts.ConsecutiveSuccesses + 1, ConsecutiveFailures = 0 }
                : counts with { TotalFailures = counts.TotalFailures + 1, ConsecutiveFailures = counts.ConsecutiveFailures + 1, ConsecutiveSuccesses = 0 };
            if (success && state == State.HalfOpen && counts.ConsecutiveSuccesses >= policy.MaxRequests) Become(State.Closed);
            else if (!success && (state == State.HalfOpen || policy.Trips(counts))) Become(State.Open);
        }
    }

    private void Advance()
    {
        if (until is null || clock.GetUtcNow() < until) return;
        Become(state == State.Open ? State.HalfOpen : state);
    }

    private void Become(State next)
    {
        state = next;
        generation++;
        counts = default;
        until = next switch
        {
            State.Open => clock.GetUtcNow() + policy.Timeout,
            State.Closed when policy.Interval > TimeSpan.Zero => clock.GetUtcNow() + policy.Interval,
            _ => null,
        };
    }
}
