using System.Globalization;

namespace ConcertDapr.Crash;

/// <summary>The command line of a run.</summary>
internal sealed record CrashOptions(int Seed, int Kills, int Running, bool Keep)
{
    /// <summary>Whether one of two replicas is killed each time, instead of the only one.</summary>
    public bool TakesOver { get; init; }

    /// <summary>How long a take-over may last, in seconds; null only measures.</summary>
    public double? Within { get; init; }

    public const string Usage =
        """
        Crash [--seed N] [--kills 300] [--running 24] [--keep]
          kills sidecar and app of running workflows at N points chosen by the seed, then checks every history;
        Crash takeovers [--seed N] [--kills 100] [--within 3] [--running 24] [--keep]
          kills one of two replicas N times while actors are called and workflows run, then checks turns, states and histories;
          --running: workflows at once; --keep: leaves logs, ledger and Redis' files behind (a failed run always does)
        """;

    public static CrashOptions Parse(string[] args)
    {
        var takesOver = args.FirstOrDefault() == "takeovers";
        var options = new CrashOptions(Environment.TickCount & 0xFFFFF, takesOver ? 100 : 300, 24, false) { TakesOver = takesOver };
        for (var i = takesOver ? 1 : 0; i < args.Length; i++)
            options = args[i] switch
            {
                "--seed" => options with { Seed = Number(args, ++i) },
                "--kills" => options with { Kills = Number(args, ++i) },
                "--running" => options with { Running = Number(args, ++i) },
                "--within" => options with { Within = Number(args, ++i) },
                "--keep" => options with { Keep = true },
                _ => throw new ArgumentException($"unknown argument {args[i]}\n{Usage}"),
            };
        return options;
    }

    private static int Number(string[] args, int at) =>
        int.TryParse(args.ElementAtOrDefault(at), CultureInfo.InvariantCulture, out var value) && value > 0
            ? value : throw new ArgumentException($"{args[at - 1]} takes a positive number\n{Usage}");
}
