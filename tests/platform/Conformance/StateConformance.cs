using System.Text;
using Dapr;
using Dapr.Client;
using Grpc.Core;

namespace ConcertDapr.Tests;

/// <summary>State over the wire.</summary>
public sealed class StateConformance(SidecarUnderTest sidecar)
{
    private const string Store = SidecarUnderTest.State;
    private readonly string _key = $"k-{Guid.NewGuid():N}";

    private DaprClient Client => sidecar.Client;

    [Fact]
    public async Task A_value_is_read_as_it_was_saved()
    {
        await Client.SaveStateAsync(Store, _key, new Seat("A+B/ü", 7));
        (await Client.GetStateAsync<Seat>(Store, _key)).ShouldBe(new Seat("A+B/ü", 7));
        await Client.DeleteStateAsync(Store, _key);
        (await Client.GetStateAndETagAsync<Seat?>(Store, _key)).ShouldBe((null, ""));
    }

    [Fact]
    public async Task A_stale_etag_loses_and_says_so()
    {
        await Client.SaveStateAsync(Store, _key, 1);
        var (value, etag) = await Client.GetStateAndETagAsync<int>(Store, _key);
        (value, etag.Length > 0).ShouldBe((1, true));
        (await Client.TrySaveStateAsync(Store, _key, 2, etag)).ShouldBeTrue();
        (await Client.TrySaveStateAsync(Store, _key, 3, etag)).ShouldBeFalse();
        (await Client.TryDeleteStateAsync(Store, _key, etag)).ShouldBeFalse();
        (await Client.GetStateAsync<int>(Store, _key)).ShouldBe(2);
        var entry = await Client.GetStateEntryAsync<int>(Store, _key);
        (await entry.TryDeleteAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Of_many_writers_with_the_same_etag_one_wins()
    {
        await Client.SaveStateAsync(Store, _key, 0);
        var (_, etag) = await Client.GetStateAndETagAsync<int>(Store, _key);
        var won = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Client.TrySaveStateAsync(Store, _key, i, etag)));
        won.Count(w => w).ShouldBe(1);
    }

    [Fact]
    public async Task Create_if_absent_throws_when_it_is_not()
    {
        var create = new StateOptions { Concurrency = ConcurrencyMode.FirstWrite };
        await Client.SaveStateAsync(Store, _key, 1, create);
        await Should.ThrowAsync<DaprException>(() => Client.SaveStateAsync(Store, _key, 2, create));
        (await Client.GetStateAsync<int>(Store, _key)).ShouldBe(1);
    }

    [Fact]
    public async Task An_unknown_store_is_an_invalid_argument() =>
        (await Should.ThrowAsync<DaprException>(() => Client.GetStateAsync<int>("nosuch", _key)))
        .InnerException.ShouldBeOfType<RpcException>().StatusCode.ShouldBe(StatusCode.InvalidArgument);

    [Fact]
    public async Task Bulk_reads_find_what_there_is()
    {
        await Client.SaveBulkStateAsync(Store, [new SaveStateItem<int>(_key + 1, 1, null), new SaveStateItem<int>(_key + 2, 2, null)]);
        var items = await Client.GetBulkStateAsync<int>(Store, [_key + 1, _key + 2, _key + 3], 5);
        items.OrderBy(i => i.Key).Select(i => (i.Value, i.ETag.Length > 0)).ShouldBe([(1, true), (2, true), (0, false)]);
        await Client.DeleteBulkStateAsync(Store, [new BulkDeleteStateItem(_key + 1, null)]);
        (await Client.GetStateAsync<int>(Store, _key + 1)).ShouldBe(0);
    }

    [Fact]
    public async Task A_transaction_writes_and_deletes_and_a_conflict_in_it_throws()
    {
        await Client.SaveStateAsync(Store, _key + "d", 1);
        await Client.ExecuteStateTransactionAsync(Store, [Upsert(_key + "u", "5"), new(_key + "d", null, StateOperationType.Delete)]);
        (await Client.GetStateAsync<int>(Store, _key + "u"), await Client.GetStateAsync<int>(Store, _key + "d")).ShouldBe((5, 0));
        var error = await Should.ThrowAsync<DaprException>(() =>
            Client.ExecuteStateTransactionAsync(Store, [Upsert(_key + "u", "6", "99")]));
        error.InnerException.ShouldBeOfType<RpcException>().StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were()
    {
        await Client.SaveByteStateAsync(Store, _key, Encoding.UTF8.GetBytes("{\"a\": 1.50}"));
        var (bytes, etag) = await Client.GetByteStateAndETagAsync(Store, _key);
        Encoding.UTF8.GetString(bytes.Span).ShouldBe("{\"a\": 1.50}");
        (await Client.TrySaveByteStateAsync(Store, _key, new byte[] { 1, 2 }, etag)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_value_with_a_time_to_live_goes()
    {
        await Client.SaveStateAsync(Store, _key, 1, metadata: new Dictionary<string, string> { ["ttlInSeconds"] = "1" });
        (await Client.GetStateAsync<int>(Store, _key)).ShouldBe(1);
        await Eventually.TrueAsync(async () => await Client.GetStateAsync<int>(Store, _key) == 0);
    }

    private static StateTransactionRequest Upsert(string key, string json, string? etag = null) =>
        new(key, Encoding.UTF8.GetBytes(json), StateOperationType.Upsert, etag);

    private sealed record Seat(string Row, int Number);
}

/// <summary>Waits for what must become true.</summary>
internal static class Eventually
{
    /// <summary>Asks every 50 ms; fails after 15 s.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(50, patience.Token);
    }
}
