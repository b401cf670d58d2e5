using ConcertDapr.Sidecar.Locks;

namespace ConcertDapr.Tests;

public sealed class LockTests(RedisServer redis)
{
    [Fact]
    public async Task Redis_locks_are_exclusive_and_belong_to_their_owner()
    {
        await using var client = redis.Client();
        await CheckAsync(new RedisLockStore(client));
    }

    [Fact]
    public Task Memory_locks_are_exclusive_and_belong_to_their_owner() => CheckAsync(new MemoryLockStore(TimeProvider.System));

    private static async Task CheckAsync(ILockStore locks)
    {
        var key = Guid.NewGuid().ToString();
        (await locks.UnlockAsync(key, "a", default)).ShouldBe(UnlockStatus.LockDoesNotExist);
        (await locks.TryLockAsync(key, "a", TimeSpan.FromSeconds(30), default)).ShouldBeTrue();
        (await locks.TryLockAsync(key, "a", TimeSpan.FromSeconds(30), default)).ShouldBeFalse("locks are not re-entrant");
        (await locks.UnlockAsync(key, "b", default)).ShouldBe(UnlockStatus.LockBelongsToOthers);
        (await locks.UnlockAsync(key, "a", default)).ShouldBe(UnlockStatus.Success);
        (await locks.TryLockAsync(key, "b", TimeSpan.FromSeconds(1), default)).ShouldBeTrue();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await locks.TryLockAsync(key, "c", TimeSpan.FromSeconds(30), timeout.Token)) await Task.Delay(20, timeout.Token);
    }
}
