using System.Reflection;

namespace ConcertDapr.Tests;

/// <summary>Where this project's programs are, in the configuration these tests were built in.</summary>
public static class Repository
{
    private static readonly string s_configuration =
        typeof(Repository).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static string DevHost => Program("apps/platform/DevHost", "DevHost");

    public static string Rush => Program("loadtest/rush", "Rush");

    public static string Soak => Program("loadtest/soak", "Soak");

    /// <summary>An app's folder and assembly: <c>users</c>.</summary>
    public static string App(string id) => Program($"apps/{id}", char.ToUpperInvariant(id[0]) + id[1..]);

    /// <summary>Writes a copy of the run file that starts what was built along with these tests, from anywhere.</summary>
    public static string WriteRunFile(string folder)
    {
        var text = File.ReadAllText(Path.Combine(Root, "dapr.yaml"))
            .Replace("bin/Release/", $"bin/{s_configuration}/", StringComparison.Ordinal)
            .Replace("appDirPath: ", $"appDirPath: {Root}/", StringComparison.Ordinal)
            .Replace("- components/", $"- {Root}/components/", StringComparison.Ordinal)
            .Replace("WarmUp__Seconds: \"4\"", "WarmUp__Seconds: \"0\"", StringComparison.Ordinal)
            .Replace("configFilePath: ", $"configFilePath: {Root}/", StringComparison.Ordinal);
        var path = Path.Combine(folder, "dapr.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private static string Program(string folder, string name) => Path.Combine(Root, folder, "bin", s_configuration, "net10.0", $"{name}.dll");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "ConcertDapr.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository");
        return folder.FullName;
    }
}
