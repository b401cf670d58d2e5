using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Tests;

public class SingleFlightTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Many_askers_share_one_load()
    {
        var (loads, done, flight) = (0, new TaskCompletionSource<string?>(), new SingleFlight<int, string>(TimeSpan.FromSeconds(5), _clock));
        var asked = Enumerable.Range(0, 50).Select(_ => flight.GetAsync(1, () => { loads++; return done.Task; })).ToList();
        done.SetResult("value");
        (await Task.WhenAll(asked)).ShouldAllBe(v => v == "value");
        loads.ShouldBe(1);
    }

    [Fact]
    public async Task A_value_serves_until_its_time_is_past_or_it_is_forgotten()
    {
        var (loads, flight) = (0, new SingleFlight<int, string>(TimeSpan.FromSeconds(5), _clock));
        Task<string?> Ask() => flight.GetAsync(1, () => Task.FromResult<string?>($"{++loads}"));
        (await Ask(), await Ask()).ShouldBe(("1", "1"));
        _clock.Now += TimeSpan.FromSeconds(5);
        (await Ask()).ShouldBe("2");
        flight.Forget(k => k == 2);
        (await Ask()).ShouldBe("2");
        flight.Forget(k => k == 1);
        (await Ask()).ShouldBe("3");
    }

    [Fact]
    public async Task Neither_a_failure_nor_nothing_is_kept()
    {
        var flight = new SingleFlight<int, string>(TimeSpan.FromSeconds(5), _clock);
        await Should.ThrowAsync<IOException>(() => flight.GetAsync(1, () => Task.FromException<string?>(new IOException("gone"))));
        (await flight.GetAsync(1, () => Task.FromResult<string?>(null))).ShouldBeNull();
        (await flight.GetAsync(1, () => Task.FromResult<string?>("back"))).ShouldBe("back");
    }

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
