using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests.Replicas;

public sealed class LeaseTableTests(RedisServer redis) : IAsyncLifetime
{
    private const int Shards = 16;
    private static readonly LeaseTimes s_short = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));
    private readonly string _table = "app||replicas||default||" + Guid.NewGuid().ToString("N");
    private readonly ConcertDapr.Sidecar.Redis.RedisClient _client = redis.Client();
    private readonly ConcertDapr.Sidecar.Redis.RedisClient _tables = redis.Client(RedisLeases.Database);
    private readonly List<LeaseTable> _open = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var table in _open) await table.DisposeAsync();
        await _client.DisposeAsync();
        await _tables.DisposeAsync();
    }

    [Fact]
    public async Task A_lone_replica_has_everything_at_once() => HeldBy(await StartAsync("a")).Count.ShouldBe(Shards);

    [Fact]
    public async Task A_second_replica_gets_half_and_never_a_shard_that_the_first_still_has()
    {
        var first = await StartAsync("a");
        var second = await StartAsync("b");
        await Eventually.BecomesAsync(() =>
        {
            HeldBy(second).Intersect(HeldBy(first)).ShouldBeEmpty(); // In this order: what moves in between leaves the first before.
            return HeldBy(first).Count == Shards / 2 && HeldBy(second).Count == Shards / 2;
        });
        await Eventually.BecomesAsync(() => first.HolderOf(HeldBy(second)[0])?.Id == "b");
    }

    [Fact]
    public async Task A_replica_that_leaves_hands_over_what_it_had()
    {
        var first = await StartAsync("a");
        var second = await StartAsync("b");
        await Eventually.BecomesAsync(() => HeldBy(second).Count == Shards / 2);
        _open.Remove(first);
        await first.DisposeAsync();
        HeldBy(first).ShouldBeEmpty();
        await Eventually.BecomesAsync(() => HeldBy(second).Count == Shards);
    }

    [Fact]
    public async Task The_leases_of_a_process_that_died_are_taken_over_at_once()
    {
        await _tables.SendAsync(default, "HSET", RedisLeases.KeyOf(_table, 0), "m:dead", $"{long.MaxValue} Take {Dead("dead")}", "s:3", "dead 7", "fence", "7");
        var successor = await StartAsync("b", LeaseTimes.Default);
        HeldBy(successor).Count.ShouldBe(Shards);
    }

    [Fact]
    public async Task The_leases_of_a_silent_process_end_with_their_time_and_its_later_writes_are_refused()
    {
        // It lives (its process is this one) but says nothing any more.
        var store = Store();
        var view = await store.BeatAsync(new Beat(_table, Live("silent"), Shards, TimeSpan.FromSeconds(1), Wish.Take, [], []), default);
        var fence = new Fence(_table, RedisLeases.FieldOf(5), view.Holders[5]);
        await store.TransactAsync([new StateSet(_table + "||k", "1"u8.ToArray())], fence);
        var successor = await StartAsync("b");
        HeldBy(successor).ShouldBeEmpty();
        await Eventually.BecomesAsync(() => HeldBy(successor).Count == Shards);
        await Should.ThrowAsync<FencedException>(() =>
            store.TransactAsync([new StateSet(_table + "||k", "2"u8.ToArray()), new StateDelete(_table + "||other")], fence).AsTask());
        (await store.GetAsync(_table + "||k"))!.Data.ToArray().ShouldBe("1"u8.ToArray());
    }

    [Fact]
    public async Task A_holder_that_cannot_reach_the_store_gives_its_leases_up_before_anybody_may_take_them()
    {
        await using var relay = new Relay(redis.Port);
        await using var client = new ConcertDapr.Sidecar.Redis.RedisClient(redis.Options with { Port = relay.Port });
        var table = new LeaseTable(new RedisStateStore(client), _table, Shards, Live("cut-off"), NullLogger.Instance, s_short);
        await table.StartAsync();
        var lease = table.Held(0)!;
        relay.Cut();
        var other = await StartAsync("b");
        await Eventually.BecomesAsync(() =>
        {
            var taken = HeldBy(other);
            taken.Intersect(HeldBy(table)).ShouldBeEmpty();
            return taken.Count == Shards;
        });
        await Eventually.BecomesAsync(() => lease.Lost.IsCancellationRequested);
        await table.DisposeAsync();
    }

    [Fact]
    public async Task A_shard_whose_work_does_not_end_stays_where_it_is()
    {
        var first = await StartAsync("a");
        var asked = new TaskCompletionSource<int>();
        first.Drain = shards =>
        {
            asked.TrySetResult(shards.Count);
            return Task.FromResult<IReadOnlyList<int>>([.. shards.Where(shard => shard != Shards - 1)]);
        };
        var second = await StartAsync("b");
        (await asked.Task.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBe(Shards / 2);
        await Eventually.BecomesAsync(() => HeldBy(second).Count == (Shards / 2) - 1);
        first.Held(Shards - 1, forNewWork: false).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_replica_without_its_app_yields_to_those_that_have_theirs_and_keeps_what_nobody_wants()
    {
        var first = await StartAsync("a");
        first.Wants = static _ => Task.FromResult(false);
        var second = await StartAsync("b");
        await Eventually.BecomesAsync(() => HeldBy(second).Count == Shards);
        second.Wants = static _ => Task.FromResult(false);
        await Eventually.BecomesAsync(async () => (await Text("m:b")).Contains(" Abstain ", StringComparison.Ordinal));
        HeldBy(second).Count.ShouldBe(Shards);
    }

    [Fact]
    public async Task A_fenced_transaction_does_what_an_unfenced_one_does()
    {
        var store = Store();
        var fence = await LeaseOfEverythingAsync(store);
        var (a, b, c) = (_table + "||a", _table + "||b", _table + "||c");
        await store.TransactAsync([new StateSet(a, "1"u8.ToArray()), new StateSet(b, "1"u8.ToArray(), TtlSeconds: 100), new StateSet(c, "1"u8.ToArray())], fence);
        await store.TransactAsync([new StateSet(a, "2"u8.ToArray(), ETag: "1"), new StateDelete(c, ETag: "1")], fence);
        (await store.GetAsync(a))!.ETag.ShouldBe("2");
        (await store.GetAsync(c)).ShouldBeNull();
        (await _client.SendAsync(default, "TTL", b)).Integer.ShouldBeInRange(1, 100);
        // A refused ETag: as between MULTI and EXEC the other operations are done.
        await Should.ThrowAsync<ETagMismatchException>(() => store.TransactAsync(
            [new StateSet(a, "3"u8.ToArray(), ETag: "1"), new StateSet(b, "2"u8.ToArray())], fence).AsTask());
        (await store.GetAsync(a))!.Data.ToArray().ShouldBe("2"u8.ToArray());
        (await store.GetAsync(b))!.ETag.ShouldBe("2");
        // An expectation that is not met: nothing is done.
        await store.TransactAsync([new StateExpect(a, "2"u8.ToArray()), new StateSet(a, "4"u8.ToArray())], fence);
        foreach (var wrong in new[] { new StateExpect(a, "2"u8.ToArray()), new StateExpect(a, null), new StateExpect(c, "1"u8.ToArray()) })
            await Should.ThrowAsync<UnexpectedStateException>(() => store.TransactAsync([wrong, new StateDelete(a)], fence).AsTask());
        await store.TransactAsync([new StateExpect(c, null), new StateSet(b, "5"u8.ToArray())], fence);
        ((await store.GetAsync(a))!.ETag, (await store.GetAsync(b))!.ETag).ShouldBe(("3", "3"));
    }

    [Fact]
    public async Task The_table_is_not_among_the_store_s_own_keys()
    {
        await using var server = new RedisServer();
        await server.InitializeAsync();
        await using var client = server.Client();
        var fence = await LeaseOfEverythingAsync(new(client));
        await new RedisStateStore(client).TransactAsync([new StateSet("k", "1"u8.ToArray())], fence);
        (await client.SendAsync(default, "KEYS", "*")).Items.Select(key => key.Text).ShouldBe(["k"]);
    }

    [Fact]
    public async Task A_Redis_with_one_database_has_the_table_there()
    {
        await using var server = new RedisServer { Databases = 1 };
        await server.InitializeAsync();
        await using var client = server.Client();
        var fence = await LeaseOfEverythingAsync(new(client));
        await new RedisStateStore(client).TransactAsync([new StateSet("k", "1"u8.ToArray())], fence);
        (await client.SendAsync(default, "KEYS", "*")).Items.Length.ShouldBe(2);
    }

    [Fact]
    public async Task Stores_in_different_databases_share_nothing()
    {
        await using var other = redis.Client(database: 3);
        var fence = await LeaseOfEverythingAsync(Store());
        var theirs = await LeaseOfEverythingAsync(new(other));
        await new RedisStateStore(other).TransactAsync([new StateSet(_table + "||k", "1"u8.ToArray())], theirs);
        (await new RedisStateStore(other).GetAsync(_table + "||k")).ShouldNotBeNull();
        (await Store().GetAsync(_table + "||k")).ShouldBeNull();
        await Should.ThrowAsync<FencedException>(() =>
            Store().TransactAsync([new StateSet(_table + "||k", "1"u8.ToArray())], fence with { Holder = theirs.Holder + "0" }).AsTask());
    }

    private async Task<Fence> LeaseOfEverythingAsync(RedisStateStore store)
    {
        var view = await store.BeatAsync(new Beat(_table, Live("a"), 1, TimeSpan.FromSeconds(30), Wish.Take, [], []), default);
        return new(_table, RedisLeases.FieldOf(0), view.Holders[0]);
    }

    private RedisStateStore Store() => new(_client);

    private async Task<LeaseTable> StartAsync(string id, LeaseTimes? times = null)
    {
        var table = new LeaseTable(Store(), _table, Shards, Live(id), NullLogger.Instance, times ?? s_short);
        _open.Add(table);
        await table.StartAsync();
        return table;
    }

    private static Replica Live(string id) => new(id, ProcessIdentity.Own, 1, 2);

    /// <summary>A process number that this boot of the machine has not given to anybody.</summary>
    private static Replica Dead(string id) => new(id, ProcessIdentity.Own with { Id = int.MaxValue }, 1, 2);

    private async Task<string> Text(string field) => (await _tables.SendAsync(default, "HGET", RedisLeases.KeyOf(_table, 0), field)).Text;

    private static List<int> HeldBy(LeaseTable table) => [.. Enumerable.Range(0, Shards).Where(shard => table.Held(shard, forNewWork: false) is not null)];
}
