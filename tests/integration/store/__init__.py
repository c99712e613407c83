"""The store on both of its databases; every contract class is run on each."""
