using System.Globalization;

namespace ConcertDapr.Crash;

/// <summary>The command line of a run.</summary>
internal sealed record CrashOptions(int Seed, int Kills, int Running, bool Keep)
{
    public const string Usage =
        """
        Crash [--seed N] [--kills 300] [--running 24] [--keep]
          kills sidecar and app of running workflows at N points chosen by the seed, then checks every history;
          --running: workflows at once; --keep: leaves logs, ledger and Redis' files behind (a failed run always does)
        """;

    public static CrashOptions Parse(string[] args)
    {
        var options = new CrashOptions(Environment.TickCount & 0xFFFFF, 300, 24, false);
        for (var i = 0; i < args.Length; i++)
            options = args[i] switch
            {
                "--seed" => options with { Seed = Number(args, ++i) },
                "--kills" => options with { Kills = Number(args, ++i) },
                "--running" => options with { Running = Number(args, ++i) },
                "--keep" => options with { Keep = true },
                _ => throw new ArgumentException($"unknown argument {args[i]}\n{Usage}"),
            };
        return options;
    }

    private static int Number(string[] args, int at) =>
        int.TryParse(args.ElementAtOrDefault(at), CultureInfo.InvariantCulture, out var value) && value > 0
            ? value : throw new ArgumentException($"{args[at - 1]} takes a positive number\n{Usage}");
}
