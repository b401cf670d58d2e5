using System.Runtime;

namespace ConcertDapr.Bench;

/// <summary>The managed heap of this process.</summary>
internal static class ManagedHeap
{
    /// <summary>What lives on after everything that can go has gone, in bytes.</summary>
    public static long Settled()
    {
        for (var round = 0; round < 2; round++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
