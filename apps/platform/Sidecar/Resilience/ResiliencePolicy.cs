namespace ConcertDapr.Sidecar.Resilience;

/// <summary>
/// Retry around circuit breaker around timeout around a call; each part may be absent. Pauses and breakers follow the runtime's
/// clock (the agenda's; null is real time); the timeout is one of a real call and runs in real time.
/// </summary>
internal sealed class ResiliencePolicy(TimeSpan? timeout, RetryPolicy? retry, CircuitBreaker? breaker, Agenda? agenda)
{
    public static ResiliencePolicy None { get; } = new(null, null, null, null);

    private readonly TimeProvider clock = agenda?.Clock ?? TimeProvider.System;

    public bool IsNone => timeout is null && retry is null && breaker is null;

    public bool Retries => retry is not null && retry.MaxRetries != 0;

    /// <param name="isFinal">Failures that no repetition can help.</param>
    /// <exception cref="TimeoutException">The call took longer than the policy's timeout.</exception>
    /// <exception cref="CircuitOpenException">The call was not made.</exception>
    public async Task<T> RunAsync<T>(
        Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, Func<Exception, bool>? isFinal = null)
    {
        if (IsNone) return await call(cancellationToken);
        using var item = Retries ? agenda?.Enter("a call that is repeated when it fails") : null;
        var started = clock.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            TimeSpan? pause;
            try
            {
                return breaker is null ? await TimedAsync(call, cancellationToken)
                    : await breaker.RunAsync(() => TimedAsync(call, cancellationToken));
            }
            catch (Exception e) when (ShouldRetry(e, attempt, started, isFinal, cancellationToken) is { } wait)
            {
                pause = wait;
            }
            await (item?.PauseAsync(pause.Value, cancellationToken) ?? Task.Delay(pause.Value, cancellationToken));
        }
    }

    public Task RunAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken, Func<Exception, bool>? isFinal = null) =>
        RunAsync(async token =>
        {
            await call(token);
            return true;
        }, cancellationToken, isFinal);

    private TimeSpan? ShouldRetry(
        Exception failure, int attempt, long started, Func<Exception, bool>? isFinal, CancellationToken cancellationToken)
    {
        if (retry is null || cancellationToken.IsCancellationRequested || failure is CircuitOpenException) return null;
        if (isFinal?.Invoke(failure) == true || !retry.Covers(failure)) return null;
        return retry.PauseBefore(attempt, clock.GetElapsedTime(started));
    }

    private async Task<T> TimedAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        if (timeout is not { } limit) return await call(cancellationToken);
        using var timer = new CancellationTokenSource(limit);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await call(both.Token).WaitAsync(both.Token);
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("context deadline exceeded", e);
        }
    }
}
