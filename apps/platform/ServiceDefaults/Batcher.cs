namespace ConcertDapr.ServiceDefaults;

/// <summary>
/// Gathers calls: one is under way at a time, and whatever arrives meanwhile goes together with the next, in order of arrival.
/// Under no load a call waits for nothing; in a rush hundreds share one.
/// </summary>
/// <param name="most">The most that go together.</param>
/// <param name="call">Answers a batch, one result per item, in order. A fault is every caller's in the batch.</param>
public sealed class Batcher<TIn, TOut>(int most, Func<IReadOnlyList<TIn>, Task<IReadOnlyList<TOut>>> call)
{
    private readonly Queue<(TIn Item, TaskCompletionSource<TOut> Done)> _waiting = new();
    private bool _running;

    /// <summary>Adds an item; completes with its result.</summary>
    public Task<TOut> AddAsync(TIn item)
    {
        var done = new TaskCompletionSource<TOut>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            _waiting.Enqueue((item, done));
            if (_running) return done.Task;
            _running = true;
        }
        _ = RunAsync();
        return done.Task;
    }

    private async Task RunAsync()
    {
        // The first caller must not be kept for the others' sake.
        await Task.Yield();
        while (Next() is { Count: > 0 } batch) await CallAsync(batch);
    }

    private List<(TIn Item, TaskCompletionSource<TOut> Done)> Next()
    {
        lock (_waiting)
        {
            var batch = new List<(TIn, TaskCompletionSource<TOut>)>(Math.Min(_waiting.Count, most));
            while (batch.Count < most && _waiting.TryDequeue(out var next)) batch.Add(next);
            _running = batch.Count > 0;
            return batch;
        }
    }

    private async Task CallAsync(List<(TIn Item, TaskCompletionSource<TOut> Done)> batch)
    {
        try
        {
            var results = await call(batch.ConvertAll(b => b.Item));
            for (var i = 0; i < batch.Count; i++) batch[i].Done.SetResult(results[i]);
        }
#pragma warning disable CA1031 // Every fault goes to the callers that wait for it; the next batch tries anew.
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach (var (_, done) in batch) done.TrySetException(e);
        }
    }
}
