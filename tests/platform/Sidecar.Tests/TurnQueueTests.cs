using ConcertDapr.Sidecar.Actors;

namespace ConcertDapr.Tests;

public sealed class TurnQueueTests
{
    [Fact]
    public async Task Turns_come_in_the_order_in_which_they_were_asked_for()
    {
        var turns = new TurnQueue();
        await turns.EnterAsync(default);
        var order = new List<int>();
        var waiting = Enumerable.Range(0, 20).Select(async i =>
        {
            await turns.EnterAsync(default);
            order.Add(i);
            turns.Leave();
        }).ToArray();
        turns.Leave();
        await Task.WhenAll(waiting);
        order.ShouldBe(Enumerable.Range(0, 20));
        turns.IsFree.ShouldBeTrue();
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_the_queue()
    {
        var turns = new TurnQueue();
        await turns.EnterAsync(default);
        using var cancel = new CancellationTokenSource();
        var gone = turns.EnterAsync(cancel.Token);
        var next = turns.EnterAsync(default);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => gone);
        turns.Leave();
        await next.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
