using ConcertDapr.Testing;

namespace ConcertDapr.Tests;

public sealed class VirtualTimeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly VirtualTime time = new(new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Timers_run_in_the_order_of_their_moments_and_see_them()
    {
        var seen = new List<(string, int)>();
        using var later = Timer("later", 3);
        using var sooner = Timer("sooner", 1);
        using var periodic = time.CreateTimer(_ => seen.Add(("periodic", Seconds)), null, 2 * Second, 2 * Second);
        time.Advance(5 * Second);
        seen.ShouldBe([("sooner", 1), ("periodic", 2), ("later", 3), ("periodic", 4)]);
        Seconds.ShouldBe(5);
        time.NextDue.ShouldBe(time.GetUtcNow() + Second);

        ITimer Timer(string name, int after) => time.CreateTimer(_ => seen.Add((name, Seconds)), null, after * Second, Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void A_timer_may_be_moved_and_stopped_from_its_own_callback()
    {
        var runs = 0;
        ITimer? timer = null;
        timer = time.CreateTimer(_ => timer!.Change(++runs < 3 ? Second : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), null, Second, Timeout.InfiniteTimeSpan);
        time.Advance(10 * Second);
        runs.ShouldBe(3);
        time.NextDue.ShouldBeNull();
    }

    [Fact]
    public async Task A_timer_without_delay_runs_although_the_clock_stands_still()
    {
        var ran = new TaskCompletionSource();
        await using var timer = time.CreateTimer(_ => ran.SetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await ran.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Seconds.ShouldBe(0);
    }

    [Fact]
    public async Task Delays_and_elapsed_time_follow_the_clock()
    {
        var start = time.GetTimestamp();
        var delay = Task.Delay(Second, time);
        time.Advance(Second - TimeSpan.FromTicks(1));
        delay.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromTicks(1));
        await delay.WaitAsync(TimeSpan.FromSeconds(30));
        time.GetElapsedTime(start).ShouldBe(Second);
    }

    [Fact]
    public void Time_does_not_go_back() => Should.Throw<ArgumentOutOfRangeException>(() => time.Advance(-Second));

    private int Seconds => time.GetUtcNow().Second;
}
