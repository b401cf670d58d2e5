using System.Collections.Immutable;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Queue;

/// <summary>
/// The waiting room's decisions. Pure: from a room and an instant to the next room; admission follows from time and document,
/// never from how often anybody asks.
/// </summary>
internal static class WaitingRoom
{
    private const int MostLeftRemembered = 200;
    private const int MostEpochs = 12;

    extension(Room room)
    {
        /// <summary>Hands out <paramref name="count"/> numbers after the last one.</summary>
        public Room Issue(int count) => count == 0 ? room : room with { Issued = room.Issued + count };

        /// <summary>The room under the policy that holds now. Who is inside stays; the peak is counted anew, for it belongs to a capacity.</summary>
        public Room Under(RoomPolicy policy) => room.Policy == policy ? room : room with { Policy = policy, PeakActive = 0 };

        /// <summary>Ends sessions that ran out, then calls as many as capacity and rate allow.</summary>
        public Room Admit(DateTimeOffset now)
        {
            var swept = room.Expire(now).OpenWindow(now);
            var (serving, active, gone) = (swept.Serving, swept.Active.ToBuilder(), swept.Gone);
            var budget = swept.Policy.AdmitCount == 0 ? int.MaxValue : swept.Policy.AdmitCount - swept.WindowUsed;
            var called = 0;
            while (serving < swept.Issued && active.Count < swept.Policy.Capacity && called < budget)
            {
                serving++;
                if (gone.Contains(serving))
                {
                    gone = gone.Remove(serving);
                    swept = swept.Remember(serving);
                    continue;
                }
                active.Add(new Session(serving, After(now, swept.Policy.ClaimFor), Claimed: false));
                called++;
            }
            if (serving == room.Serving) return swept;
            return swept with
            {
                Serving = serving,
                Active = active.ToImmutable(),
                Gone = gone,
                WindowUsed = swept.WindowUsed + called,
                Epochs = Tail(swept.Epochs.Add(new(now.ToUnixTimeMilliseconds(), serving)), MostEpochs),
                PeakActive = Math.Max(swept.PeakActive, active.Count),
            };
        }

        /// <summary>A called fan showed up: the session proper begins. Repeating it does not prolong it.</summary>
        public Room Claim(long sequence, DateTimeOffset now) =>
            room.Find(sequence) is { Claimed: false } session && room.IsInside(sequence, now)
                ? room with { Active = room.Active.Replace(session, new(sequence, After(now, room.Policy.SessionFor), Claimed: true)) }
                : room;

        /// <summary>Gives a place up, in line or inside. Repeating it changes nothing.</summary>
        public Room Leave(long sequence)
        {
            if (room.Find(sequence) is { } session) return (room with { Active = room.Active.Remove(session) }).Remember(sequence);
            return sequence > room.Serving && sequence <= room.Issued ? room with { Gone = room.Gone.Add(sequence) } : room;
        }

        private Room Expire(DateTimeOffset now) =>
            room.Active.All(s => s.UntilMs > now.ToUnixTimeMilliseconds())
                ? room
                : room with { Active = room.Active.RemoveAll(s => s.UntilMs <= now.ToUnixTimeMilliseconds()) };

        private Room OpenWindow(DateTimeOffset now)
        {
            if (room.Policy.AdmitCount == 0) return room;
            var length = (long)(room.Policy.AdmitEvery * 1000);
            var start = now.ToUnixTimeMilliseconds() / length * length;
            return start == room.WindowMs ? room : room with { WindowMs = start, WindowUsed = 0 };
        }

        private Room Remember(long sequence) => room with { Left = Tail(room.Left.Add(sequence), MostLeftRemembered) };
    }

    private static long After(DateTimeOffset now, double seconds) => now.AddSeconds(seconds).ToUnixTimeMilliseconds();

    private static ImmutableList<T> Tail<T>(ImmutableList<T> list, int length) => list.Count <= length ? list : list.RemoveRange(0, list.Count - length);
}
