using System.Security.Cryptography;
using System.Text;

namespace ConcertDapr.Crash;

/// <summary>What an activity is asked for: the name of its effect, unique within the instance, and a number to go on from.</summary>
internal sealed record Step(string Effect, int Carry)
{
    /// <summary>What the activity must answer, however often it runs.</summary>
    public int Outcome(string instance) =>
        BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes($"{instance}|{Effect}|{Carry}")));
}

/// <summary>Where a workflow that continues as new has got to.</summary>
internal sealed record Round(int Number, int Carry, string[] Seen)
{
    public static Round First(int carry) => new(0, carry, []);
}
