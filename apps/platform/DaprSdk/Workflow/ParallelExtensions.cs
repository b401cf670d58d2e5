namespace Dapr.Workflow;

/// <summary>Fan-out with a limit.</summary>
public static class ParallelExtensions
{
    /// <summary>Runs a task per input, so many at once; results come in the order of the inputs.</summary>
    /// <exception cref="AggregateException">Tasks failed; all others were run to their end.</exception>
    public static async Task<TResult[]> ProcessInParallelAsync<TInput, TResult>(
        this WorkflowContext context,
        IEnumerable<TInput> inputs,
        Func<TInput, Task<TResult>> taskFactory,
        int maxConcurrency = 5)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(taskFactory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxConcurrency);

        var waiting = new Queue<(TInput Input, int Index)>(inputs.Select((input, index) => (input, index)));
        var results = new TResult[waiting.Count];
        var failures = new List<Exception>();
        var running = new List<Task>(maxConcurrency);
        while (waiting.Count > 0 || running.Count > 0)
        {
            while (running.Count < maxConcurrency && waiting.TryDequeue(out var next))
                running.Add(RunAsync(next.Input, next.Index));
            running.Remove(await Task.WhenAny(running));
        }

        return failures.Count == 0
            ? results
            : throw new AggregateException($"{failures.Count} out of {results.Length} tasks failed", failures);

        async Task RunAsync(TInput input, int index)
        {
            try
            {
                results[index] = await taskFactory(input);
            }
            catch (Exception e)
            {
                failures.Add(e);
            }
        }
    }
}
