using System.Text;
using ConcertDapr.Sidecar.Redis;
using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Tests;

public sealed class RedisStateStoreTests(RedisServer redis) : IAsyncLifetime
{
    private readonly string key = Guid.NewGuid().ToString();
    private RedisClient client = null!;
    private RedisStateStore store = null!;

    public ValueTask InitializeAsync()
    {
        client = redis.Client();
        store = new RedisStateStore(client);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    [Fact]
    public async Task Versions_count_from_one_and_are_the_etag()
    {
        (await store.GetAsync(key)).ShouldBeNull();
        await store.ExecuteAsync(Set("1"));
        (await store.GetAsync(key))!.ETag.ShouldBe("1");
        await store.ExecuteAsync(Set("2", etag: "1"));
        var item = (await store.GetAsync(key))!;
        item.ETag.ShouldBe("2");
        Encoding.UTF8.GetString(item.Data.Span).ShouldBe("2");
    }

    [Fact]
    public async Task A_stale_etag_is_refused_on_save_and_delete()
    {
        await store.ExecuteAsync(Set("1"));
        await Should.ThrowAsync<ETagMismatchException>(async () => await store.ExecuteAsync(Set("2", etag: "7")));
        await Should.ThrowAsync<ETagMismatchException>(async () => await store.ExecuteAsync(new StateDelete(key, "abc")));
        await store.ExecuteAsync(new StateDelete(key, "1"));
        (await store.GetAsync(key)).ShouldBeNull();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("01")]
    public async Task Etags_that_mean_none_or_the_same_number_pass(string etag)
    {
        await store.ExecuteAsync(Set("1"));
        await store.ExecuteAsync(Set("2", etag));
        (await store.GetAsync(key))!.ETag.ShouldBe("2");
    }

    [Fact]
    public async Task Last_write_ignores_the_etag()
    {
        await store.ExecuteAsync(Set("1"));
        await store.ExecuteAsync(Set("2", "9", StateConcurrency.LastWrite));
    }

    [Fact]
    public async Task An_etag_on_a_missing_key_creates_it()
    {
        await store.ExecuteAsync(Set("1", "5"));
        (await store.GetAsync(key))!.ETag.ShouldBe("1");
    }

    [Fact]
    public async Task A_first_write_marks_the_key_for_good()
    {
        await store.ExecuteAsync(Set("1", concurrency: StateConcurrency.FirstWrite));
        await Should.ThrowAsync<StateStoreException>(async () => await store.ExecuteAsync(Set("2")));
        await Should.ThrowAsync<StateStoreException>(
            async () => await store.ExecuteAsync(Set("2", concurrency: StateConcurrency.LastWrite)));
        await store.ExecuteAsync(Set("3", "1"));
    }

    [Fact]
    public async Task An_etag_that_is_no_integer_is_invalid() =>
        await Should.ThrowAsync<InvalidETagException>(async () => await store.ExecuteAsync(Set("1", "abc")));

    [Fact]
    public async Task A_mismatch_in_a_transaction_fails_alone()
    {
        var other = key + "-other";
        await store.ExecuteAsync(Set("1"));
        await Should.ThrowAsync<ETagMismatchException>(async () =>
            await store.TransactAsync([Set("2", "9"), new StateSet(other, "x"u8.ToArray())]));
        (await store.GetAsync(key))!.ETag.ShouldBe("1");
        (await store.GetAsync(other)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_rewrite_leaves_the_old_ttl_and_zero_removes_it()
    {
        await store.ExecuteAsync(new StateSet(key, "1"u8.ToArray(), TtlSeconds: 100));
        await store.ExecuteAsync(Set("2"));
        (await client.SendAsync(default, "TTL", key)).Integer.ShouldBeInRange(90, 100);
        await store.ExecuteAsync(new StateSet(key, "1"u8.ToArray(), TtlSeconds: 0));
        (await client.SendAsync(default, "TTL", key)).Integer.ShouldBe(-1);
    }

    [Fact]
    public async Task A_plain_string_is_readable_and_replaced_by_a_write()
    {
        await client.SendAsync(default, "SET", key, "plain");
        (await store.GetAsync(key)).ShouldNotBeNull().ETag.ShouldBeNull();
        await store.ExecuteAsync(Set("1"));
        (await store.GetAsync(key))!.ETag.ShouldBe("1");
    }

    [Fact]
    public async Task Keys_are_listed_by_literal_prefix_and_suffix()
    {
        foreach (var suffix in new[] { "*a", "*b", "xc" }) await store.ExecuteAsync(new StateSet(key + suffix, "1"u8.ToArray()));
        (await ListAsync(key + "*", "")).ShouldBe([key + "*a", key + "*b"], ignoreOrder: true);
        (await ListAsync(key, "*b")).ShouldBe([key + "*b"]);

        async Task<List<string>> ListAsync(string prefix, string suffix)
        {
            var found = new List<string>();
            await foreach (var name in store.ListKeysAsync(prefix, suffix)) found.Add(name);
            return found;
        }
    }

    [Fact]
    public async Task Concurrent_writers_with_one_etag_have_one_winner()
    {
        await store.ExecuteAsync(Set("0"));
        var wins = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            try
            {
                await store.ExecuteAsync(Set($"{i}", "1"));
                return 1;
            }
            catch (ETagMismatchException)
            {
                return 0;
            }
        }));
        wins.Sum().ShouldBe(1);
    }

    [Fact]
    public async Task Many_keys_come_in_the_order_asked()
    {
        await store.ExecuteAsync(Set("1"));
        var items = await store.GetManyAsync(["missing" + key, key, key]);
        items.Select(item => item?.ETag).ShouldBe([null, "1", "1"]);
    }

    private StateSet Set(string value, string? etag = null, StateConcurrency concurrency = StateConcurrency.Unspecified) =>
        new(key, Encoding.UTF8.GetBytes(value), etag, concurrency);
}

public sealed class MemoryStateStoreTests
{
    private readonly MemoryStateStore store = new(TimeProvider.System);

    [Fact]
    public async Task An_etag_must_belong_to_an_existing_item_even_with_last_write()
    {
        await Should.ThrowAsync<ETagMismatchException>(async () => await store.ExecuteAsync(new StateSet("k", default, "1")));
        await store.ExecuteAsync(new StateSet("k", default));
        await Should.ThrowAsync<ETagMismatchException>(async () =>
            await store.ExecuteAsync(new StateSet("k", default, "1", StateConcurrency.LastWrite)));
        await store.ExecuteAsync(new StateSet("k", default, (await store.GetAsync("k"))!.ETag));
    }

    [Fact]
    public async Task A_first_write_of_an_existing_key_is_a_mismatch()
    {
        await store.ExecuteAsync(new StateSet("k", default, null, StateConcurrency.FirstWrite));
        await Should.ThrowAsync<ETagMismatchException>(async () =>
            await store.ExecuteAsync(new StateSet("k", default, null, StateConcurrency.FirstWrite)));
    }

    [Fact]
    public async Task A_transaction_with_one_stale_etag_changes_nothing()
    {
        await store.ExecuteAsync(new StateSet("a", default));
        await Should.ThrowAsync<ETagMismatchException>(async () =>
            await store.TransactAsync([new StateSet("b", default), new StateDelete("a", "stale")]));
        (await store.GetAsync("b")).ShouldBeNull();
    }
}
