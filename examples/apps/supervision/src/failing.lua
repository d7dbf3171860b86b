local function main()
    error("out of luck")
end
return { main = main }
