using ConcertDapr.Sidecar.Workflows;

namespace ConcertDapr.Tests.Workflows;

public sealed class DueTimesTests
{
    private readonly ManualTime time = new();

    [Fact]
    public void What_nobody_waits_for_any_more_does_not_pile_up_until_its_time()
    {
        using var due = new DueTimes(time);
        var ran = 0;
        due.At(time.GetUtcNow() + TimeSpan.FromDays(1), () => ran++);
        for (var n = 0; n < 100_000; n++) due.At(time.GetUtcNow() + TimeSpan.FromHours(1), () => ran += 1000, static () => false);
        due.Count.ShouldBeLessThan(1000);
        for (var hour = 0; hour < 2; hour++) time.Advance(TimeSpan.FromHours(12));
        time.Advance(TimeSpan.Zero);
        (ran % 1000).ShouldBe(1);
    }

    [Fact]
    public void Everything_that_is_wanted_runs_however_much_it_is()
    {
        using var due = new DueTimes(time);
        var ran = 0;
        for (var n = 0; n < 5000; n++) due.At(time.GetUtcNow() + TimeSpan.FromSeconds(n % 60), () => ran++, static () => true);
        time.Advance(TimeSpan.FromMinutes(1));
        ran.ShouldBe(5000);
        due.Count.ShouldBe(0);
    }
}
