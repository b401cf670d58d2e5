using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire.Workflows;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests.Workflows;

/// <summary>
/// The engine is killed between any two writes (with the last write stored or not), again and again, and taken up by a
/// new one over what is left. Nothing acknowledged may be lost, nothing committed may happen twice.
/// </summary>
public sealed class CrashTests
{
    private const int Kills = 4;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    private bool _eventAcknowledged;

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_saga_killed_at_any_write_ends_as_if_it_had_not_been(int seed)
    {
        var random = new Random(seed);
        var disk = new Disk();
        for (var kill = 0; kill < Kills; kill++)
        {
            var process = disk.Mount(random.Next(12), storeLast: random.Next(2) == 0);
            var client = RunAsync(process);
            if (await Task.WhenAny(client, process.Killed) == client)
                await client;
        }
        await RunAsync(disk.Mount());
        await CheckAsync(disk);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_store_that_comes_back_without_its_last_writes_tears_no_saga(int seed)
    {
        var random = new Random(seed);
        var disk = new Disk();
        var losses = 4;
        disk.Forgets = () => losses > 0 && random.Next(5) == 0 && losses-- > 0 ? random.Next(1, 6) : 0;
        var lossy = disk.Mount();
        await using (var engine = new WorkflowEngine(new("app"), lossy, TimeProvider.System, NullLogger<WorkflowEngine>.Instance))
        await using (Saga(engine))
            while (losses > 0)
            {
                // What was confirmed may be lost, so the client repeats; each write may find out that others are.
                using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
                await TryAsync(engine.StartAsync(new() { InstanceId = "saga", Name = "Saga", Input = "1" }, patience.Token));
                await TryAsync(engine.RaiseEventAsync(new() { InstanceId = "saga", Name = "go" }, patience.Token));
            }
        await RunAsync(disk.Mount());
        await CheckAsync(disk);

        static async Task TryAsync(Task call)
        {
            try
            {
                await call;
            }
            catch (Exception e) when (e is Grpc.Core.RpcException or OperationCanceledException)
            {
                // It runs already, or it does not exist any more, or its first turn is late.
            }
        }
    }

    private static Worker Saga(WorkflowEngine engine) =>
        new(engine, w => (w.Activities["Work"], w.Workflows["Saga"], w.Workflows["Ship"]) = (Work, Saga, Ship), withTokens: true);

    /// <summary>One life of the process: recover, connect a worker, and have the client go on where it was.</summary>
    private async Task RunAsync(Disk.Process process)
    {
        var engine = new WorkflowEngine(new("app"), process, TimeProvider.System, NullLogger<WorkflowEngine>.Instance);
        await engine.RecoverAsync();
        var worker = Saga(engine);
        if (!(await engine.GetAsync(new() { InstanceId = "saga" }, EngineUnderTest.Soon)).Exists)
            await engine.StartAsync(new() { InstanceId = "saga", Name = "Saga", Input = "1" }, EngineUnderTest.Soon);
        // A client whose call broke off repeats it; one that was answered relies on it.
        if (!_eventAcknowledged)
            await engine.RaiseEventAsync(new() { InstanceId = "saga", Name = "go" }, EngineUnderTest.Soon);
        _eventAcknowledged = true;
        await engine.WaitForCompletionAsync(new() { InstanceId = "saga" }, EngineUnderTest.Soon);
        await engine.DisposeAsync();
        await worker.DisposeAsync();
    }

    // Two executions: each runs two activities side by side, a timer, an activity; the first continues as new, the second
    // has a child and waits for the event.
    private static IEnumerable<WorkflowAction> Saga(Happened h)
    {
        yield return Do.Activity(0, "Work", "a" + h.Input);
        yield return Do.Activity(1, "Work", "b" + h.Input);
        if (!h.Done(0) || !h.Done(1))
            yield break;
        yield return Do.Timer(2, h.Events[0].Timestamp.ToDateTimeOffset().AddMilliseconds(5));
        if (!h.Done(2))
            yield break;
        yield return Do.Activity(3, "Work", "c" + h.Input);
        if (!h.Done(3))
            yield break;
        if (h.Input == "1")
        {
            yield return Do.ContinueAsNew("2", [.. h.Events.Where(e => e.EventRaised is not null)]);
            yield break;
        }
        yield return Do.Child(4, "Ship", "ship");
        if (h.Done(4) && h.Raised("go"))
            yield return Do.Complete($"{h.Result(0)} {h.Result(1)} {h.Result(3)}");
    }

    private static IEnumerable<WorkflowAction> Ship(Happened h)
    {
        yield return Do.Activity(0, "Work", "s");
        if (h.Done(0))
            yield return Do.Complete(h.Result(0));
    }

    private static ActivityResponse Work(ActivityRequest task) =>
        new() { InstanceId = task.WorkflowInstance.InstanceId, TaskId = task.TaskId, Result = "done " + task.Input };

    private static async Task CheckAsync(Disk disk)
    {
        await using var t = new EngineUnderTest(disk);
        var state = await t.EndAsync("saga");
        (state.WorkflowStatus, state.Output).ShouldBe((OrchestrationStatus.Completed, "done a2 done b2 done c2"));
        (await t.EndAsync("ship")).Output.ShouldBe("done s");
        foreach (var id in new[] { "saga", "ship" })
            CheckHistory(await t.HistoryAsync(id));
        disk.Rows.Keys.ShouldAllBe(key => !key.Contains("inbox"));
    }

    private static void CheckHistory(IReadOnlyList<HistoryEvent> history)
    {
        history.Count(e => e.ExecutionStarted is not null).ShouldBe(1);
        history.Count(e => e.ExecutionCompleted is not null).ShouldBe(1);
        history[^1].ExecutionCompleted.ShouldNotBeNull();
        foreach (var made in history.Where(e => e.TaskScheduled is not null || e.TimerCreated is not null || e.ChildWorkflowInstanceCreated is not null))
            history.Count(e => (e.TaskCompleted?.TaskScheduledId ?? e.TimerFired?.TimerId
                ?? e.ChildWorkflowInstanceCompleted?.TaskScheduledId) == made.EventId).ShouldBe(1);
        history.GroupBy(e => (e.EventTypeCase, e.EventId)).Where(g => g.Key.EventId >= 0).ShouldAllBe(g => g.Count() == 1);
    }
}
